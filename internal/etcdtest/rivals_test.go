package etcdtest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
)

// All hosts change the configuration at once: each change is done once, none is lost.
func TestRivals(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	before := h.read().Revision
	h.everywhere(`for i in 1 2 3 4 5; do rok-config set s3d.$i.store=$(hostname) s3d.$i${ROK_HOSTNAME#rok}.cache_size=${i}GiB; done`)
	s := h.read()
	require.Equal(t, before+15, s.Revision)
	for i := 1; i <= 5; i++ {
		require.Contains(t, h.names(), s.Values[fmt.Sprintf("s3d.%d.store", i)])
		for n := 1; n <= 3; n++ {
			require.Equal(t, fmt.Sprintf("%dGiB", i), s.Values[fmt.Sprintf("s3d.%d%d.cache_size", i, n)])
		}
	}
	history, err := h.on("rok1", cluster.Current()).History(t.Context())
	require.NoError(t, err)
	require.Len(t, history, 15)

	// All want to be master for as long as upgrade-cluster takes: one is, and all others are refused or find it done.
	out := h.everywhere(`rok-cluster-upgrade-v0.12.0 upgrade-cluster --isolate-master`)
	require.Equal(t, 1, strings.Count(strings.Join(out, ""), "schema 12 now"), "%q", out)
	s = h.read()
	require.Equal(t, 12, s.Schema)
	require.Equal(t, before+16, s.Revision)
	require.Len(t, s.NotCapable(), 2)

	// Its node is first, then the others, one at a time.
	first := s.Upgrade.Master
	for _, host := range h.names() {
		if host != first {
			_, stderr, code := h.bash(host, `rok-cluster-upgrade-v0.12.0 upgrade-node`)
			require.Equal(t, 3, code)
			require.Contains(t, stderr, "upgrade-node (on "+first+")")
		}
	}
	h.must(first, `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	for range 3 { // one that was refused its turn is told to come again
		h.everywhere(`rok-cluster-upgrade-v0.12.0 upgrade-node`)
	}
	s = h.read()
	require.Empty(t, s.Waiting("0.12.0"))
	require.Empty(t, s.NotCapable())
	require.Empty(t, s.Slot)
}

// everywhere runs lines on all hosts at once; what they print, with exit code 0 or 3.
func (h *hosts) everywhere(lines string) []string {
	h.t.Helper()
	out := make([]string, len(h.names()))
	codes := make([]int, len(out))
	var all sync.WaitGroup
	for i, host := range h.names() {
		all.Go(func() {
			var stdout, stderr string
			stdout, stderr, codes[i] = h.bash(host, lines)
			out[i] = stdout + stderr
		})
	}
	all.Wait()
	for i := range out {
		require.Contains(h.t, []int{0, 3}, codes[i], out[i])
	}
	return out
}
