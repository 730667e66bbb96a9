package cluster_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
)

// attended is a store whose hosts' agents have their turn after each transaction.
type attended struct {
	kv.Store
	turn func()
}

func (a attended) Txn(ctx context.Context, txn kv.Txn) (kv.Result, error) {
	defer a.turn()
	return a.Store.Txn(ctx, txn)
}

// masterCommands are those that make a master, for faultedCommands.
func masterCommands() []faulted {
	var agents []*cluster.Agent
	var turn func()
	ran := false
	return []faulted{
		{"set-master", func(t *testing.T, w *world) {
			agents = nil
			for _, h := range []string{"a", "b"} {
				agents = append(agents, &cluster.Agent{Cluster: w.on(h, w.memory), Dir: w.state(h)})
			}
			turn = func() {
				for _, a := range agents {
					require.NoError(t, a.Turn(t.Context()))
					invariant(t, w.read())
				}
			}
			turn()
			require.Equal(t, "a", w.read().Master.Host)
		}, func(ctx context.Context, w *world, store kv.Store) error {
			turn()
			return w.on("a", attended{store, turn}).SetMaster(ctx, "b")
		}, func(s *cluster.State) bool { return s.Master.Host == "b" && s.Heir == "" }},
		{"hold of the master", nil, func(ctx context.Context, w *world, store kv.Store) error {
			ran = false
			return w.on("a", store).HoldMaster(ctx, func(context.Context) error {
				ran = true
				require.Equal(w.t, "a", w.read().Master.Host)
				return nil
			})
		}, func(*cluster.State) bool { return ran }},
	}
}

// A hold that was given back, or ran out, has nobody be master.
func TestHoldEnds(t *testing.T) {
	w := newWorld(t, "a", "b")
	require.NoError(t, w.on("a", w.memory).HoldMaster(t.Context(), func(context.Context) error { return nil }))
	require.Empty(t, w.read().Master.Host)
	require.ErrorIs(t, w.on("a", w.memory).HoldMaster(t.Context(), func(context.Context) error { return cluster.ErrAbsent }), cluster.ErrAbsent)
	require.Empty(t, w.read().Master.Host, "also behind an error")
}
