package pool_test

import (
	"context"
	"errors"
	"slices"
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
		stopped := h.runUntil(ctx, n, cancel)
		cancel()
		h.consistent(n)
		h.finish(n)
		if !stopped {
			require.Greater(t, n, 30)
			return
		}
	}
}

// Killed at whichever request, a watcher leaves what the next one makes right: also
// devices that are suspended.
func TestWatcherKilledAnywhere(t *testing.T) {
	resumed := 0
	for n := 1; ; n++ {
		h := newFakeHost(t, 128*units.MiB)
		h.newTank(10)
		h.fill("tank", 90)
		ctx, cancel := context.WithCancel(t.Context())
		killed := h.runUntil(ctx, n, func() {
			h.dead = true // for those who have the lock
			cancel()
		})
		cancel()
		h.mu.Lock()
		h.dead = false
		h.mu.Unlock()
		events := h.finish(n)
		require.NotContains(t, events, pool.ActionFailed, "at request %d", n)
		if slices.Contains(events, pool.Resumed) {
			resumed++
		}
		if !killed {
			require.Greater(t, n, 30)
			break
		}
	}
	require.Greater(t, resumed, 4)
}

// runUntil runs a watcher until it has done all that is to be done, and calls do before its
// n-th request to the kernel; it reports whether it came to that.
func (h *fakeHost) runUntil(ctx context.Context, n int, do func()) (called bool) {
	h.t.Helper()
	h.after(n, func() { called = true; do() })
	extended := make(chan struct{}, 100)
	ended := make(chan error, 1)
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		done := false
		ended <- pool.NewWatcher(pool.WatcherConfig{
			Host: h.Host, Policies: tankPolicy(nil),
			Report: func(e pool.Event) { done = done || e.Name == pool.DataExtended },
			Looked: func() { // and set the low water mark
				if done {
					extended <- struct{}{}
				}
			},
		}).Run(own)
	}()
	select {
	case <-ctx.Done():
	case <-extended:
	case <-time.After(10 * time.Second):
		require.Fail(h.t, "neither stopped nor extended", "at request %d", n)
	}
	h.after(0, nil) // nothing more happens from here on
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, errDead) {
			require.NoError(h.t, err, "at request %d", n)
		}
	case <-time.After(10 * time.Second):
		require.Fail(h.t, "does not end", "at request %d", n)
	}
	return called
}

// finish has another watcher do what is left, and returns its events.
func (h *fakeHost) finish(n int) []pool.Name {
	h.t.Helper()
	w := h.watch(h.t.(*testing.T), tankPolicy(nil))
	w.tick()
	require.GreaterOrEqual(h.t, h.vg().LV("tank").Size(), lvm.Extents(20), "at request %d", n)
	h.consistent(n)
	require.NoError(h.t, w.stop())
	return w.names()
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
