package pool_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// Whichever request to the kernel a watcher is stopped at, it ends in time, no
// device stays suspended, the kernel has what the VG says, and the next watcher
// finishes what this one left.
func TestWatcherStopsAnywhere(t *testing.T) {
	for n := 1; ; n++ {
		h := newFakeHost(t, 128*units.MiB)
		h.newTank(10)
		h.fill("tank", 90)
		ctx, cancel := context.WithCancel(t.Context())
		stopped := false
		h.after(n, func() { stopped = true; cancel() })
		extended := make(chan struct{}, 10)
		ended := make(chan error, 1)
		go func() {
			ended <- pool.NewWatcher(pool.WatcherConfig{Host: h.Host, Policies: tankPolicy(nil), Report: func(e pool.Event) {
				if e.Name == pool.DataExtended {
					extended <- struct{}{}
				}
			}}).Run(ctx)
		}()
		select {
		case <-ctx.Done():
		case <-extended:
		case <-time.After(10 * time.Second):
			require.Fail(t, "neither stopped nor extended", "at request %d", n)
		}
		h.after(0, nil) // nothing more happens from here on
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err, "at request %d", n)
		case <-time.After(10 * time.Second):
			require.Fail(t, "does not end", "at request %d", n)
		}
		h.consistent(n)

		w := h.watch(t, tankPolicy(nil))
		w.tick()
		require.GreaterOrEqual(t, h.vg().LV("tank").Size(), lvm.Extents(20), "at request %d", n)
		h.consistent(n)
		require.NoError(t, w.stop())
		if !stopped {
			require.Greater(t, n, 20)
			return
		}
	}
}

// consistent compares the kernel with the VG.
func (h *fakeHost) consistent(n int) {
	h.t.Helper()
	entries, err := h.Conn.List()
	require.NoError(h.t, err)
	for _, e := range entries {
		info, err := h.Conn.Device(dm.ByName(e.Name)).Info()
		require.NoError(h.t, err)
		require.False(h.t, info.Suspended, "%s at request %d", e.Name, n)
		require.False(h.t, info.Inactive, "%s at request %d", e.Name, n)
	}
	require.NoError(h.t, h.vg().Validate())
	s, err := h.Look(h.t.Context(), "data", "tank")
	require.NoError(h.t, err)
	require.Equal(h.t, thin.Writable, s.Status.State)
	require.Equal(h.t, uint64(s.Data)*64, s.Status.Data.Total, "at request %d", n)
}
