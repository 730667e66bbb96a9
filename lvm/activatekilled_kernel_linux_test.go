package lvm_test

import (
	"context"
	"io/fs"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// requestCount counts the requests of a connection of its own, and calls at behind each.
type requestCount struct {
	conn *dm.Conn
	seen atomic.Int32
}

func newRequestCount(t *testing.T, at func(c *requestCount, nth int32)) *requestCount {
	t.Helper()
	c := new(requestCount)
	conn, err := dm.Open(&dm.Config{Trace: func(dm.Trace) {
		if c.conn != nil { // it is open
			at(c, c.seen.Add(1))
		}
	}})
	require.NoError(t, err)
	c.conn = conn
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			require.ErrorIs(t, err, fs.ErrClosed)
		}
	})
	return c
}

// Killed behind any request, an activation leaves nothing that the next one does
// not make right. Ended by its context, as by a signal, it leaves nothing
// suspended or half-made.
func TestKernelActivateKilled(t *testing.T) {
	testenv.Kernel(t, lvm2Features...)
	h := newLVM2Host(t, 200*units.MiB, 2)
	for _, line := range []string{"-L 8M -n lin vg", "-L 16M -T vg/pool", "-V 20M -T vg/pool -n t", "-L 12M -n org vg", "-s -L 8M -n c1 vg/org"} {
		h.lvcreate(line)
	}
	vg := h.vg()
	want := h.seen()
	req := lvm.ActivateRequest{VG: vg, StackOptions: h.options()}
	h.deactivate(vg)
	one := &lvm.ActivatorConfig{Workers: 1}
	whole := newRequestCount(t, func(*requestCount, int32) {})
	_, err := lvm.NewActivator(whole.conn, one).Activate(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, want, h.seen())
	h.deactivate(vg)

	for last := int32(1); last < whole.seen.Load(); last += 4 {
		// No request arrives any more, nor those of an undo.
		killed := newRequestCount(t, func(c *requestCount, nth int32) {
			if nth == last {
				_ = c.conn.Close()
			}
		})
		_, err := lvm.NewActivator(killed.conn, one).Activate(t.Context(), req)
		require.ErrorIs(t, err, fs.ErrClosed)
		h.activate(vg)
		require.Equal(t, want, h.seen(), "killed behind request %d", last)
		h.deactivate(vg)
		require.Empty(t, h.seen())
	}
	for at := int32(1); at < whole.seen.Load(); at += 3 {
		ctx, stop := context.WithCancel(t.Context())
		ended := newRequestCount(t, func(_ *requestCount, nth int32) {
			if nth == at {
				stop()
			}
		})
		result, err := lvm.NewActivator(ended.conn, nil).Activate(ctx, req)
		stop()
		if len(result.Active) < 4 {
			require.ErrorIs(t, err, context.Canceled)
		}
		devices, err := h.a.KernelDevices(vg)
		require.NoError(t, err)
		for _, d := range devices {
			require.False(t, d.Suspended, "%s, request %d", d.Name, at)
			require.False(t, d.Inactive, "%s, request %d", d.Name, at)
			require.NotEmpty(t, d.Table, "%s, request %d", d.Name, at)
		}
		h.deactivate(vg)
		require.Empty(t, h.seen())
	}
}
