package cluster_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
)

// An agent begins with what is: it does not ask for all that ever changed, which the store may not know any more.
func TestAgentBeginsWithThePresent(t *testing.T) {
	w := newWorld(t, "a", "b")
	for _, v := range []string{"1s", "2s", "3s"} {
		require.NoError(t, set(t.Context(), w.on("a", w.memory), "gc.clock_margin="+v))
	}
	w.memory.Compact()
	store := &kvtest.Faulty{Store: w.memory}
	c := w.old("b", store)
	c.Code = cluster.Current()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	applied := make(chan cluster.Applied, 10)
	a := &cluster.Agent{Cluster: c, Dir: w.state("b"), Applied: func(a cluster.Applied) { applied <- a }}
	go func() { done <- a.Run(ctx) }()
	require.Eventually(t, func() bool { return slices.Contains(store.Calls(), "watch /rok/") }, time.Minute, time.Millisecond)
	_, err := w.on("a", w.memory).Change(t.Context(), cluster.PlanApply)
	require.NoError(t, err)
	require.Equal(t, "3s", (<-applied).Values["gc.clock_margin"])
	cancel()
	require.NoError(t, <-done)
	require.FileExists(t, filepath.Join(w.state("b"), cluster.AppliedFile))
	watches := slices.DeleteFunc(store.Calls(), func(call string) bool { return call != "watch /rok/" })
	require.Len(t, watches, 1)
}
