package lvm_test

import (
	"context"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// mortal is a kernel that a program reaches until it is killed: behind so many
// requests none arrives any more, nor those of an undo.
type mortal struct {
	dmwire.Kernel
	seen atomic.Int32
	last int32           // 0: it lives
	at   func(nth int32) // called before each request; may be nil
}

func (m *mortal) Ioctl(cmd ioctl.Cmd, b *ioctl.Buffer) error {
	nth := m.seen.Add(1)
	if m.last > 0 && nth > m.last {
		return syscall.EIO
	}
	if m.at != nil {
		m.at(nth)
	}
	return m.Kernel.Ioctl(cmd, b)
}

// over returns an Activator over m.
func (m *mortal) over(t *testing.T, cfg lvm.ActivatorConfig) *lvm.Activator {
	t.Helper()
	control, err := ioctl.OpenControl("/dev/mapper/control")
	require.NoError(t, err)
	m.Kernel = dmwire.Control{Control: control}
	conn, err := dm.NewConn(m, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	m.seen.Store(0)
	return lvm.NewActivator(conn, &cfg)
}

// Killed behind any request, an activation leaves nothing that the next one does
// not make right. Ended by its context, as by a signal, it leaves nothing
// suspended or half-made.
func TestKernelActivateKilled(t *testing.T) {
	h := newLVM2Host(t, 200*units.MiB, 2)
	for _, line := range []string{"-L 8M -n lin vg", "-L 16M -T vg/pool", "-V 20M -T vg/pool -n t", "-L 12M -n org vg", "-s -L 8M -n c1 vg/org"} {
		h.lvcreate(line)
	}
	vg := h.vg()
	want := h.seen()
	req := lvm.ActivateRequest{VG: vg, StackOptions: h.options()}
	h.deactivate(vg)
	whole := new(mortal)
	_, err := whole.over(t, lvm.ActivatorConfig{Workers: 1}).Activate(t.Context(), req)
	require.NoError(t, err)
	require.Equal(t, want, h.seen())
	h.deactivate(vg)

	for last := int32(1); last < whole.seen.Load(); last += 4 {
		killed := &mortal{last: last}
		_, err := killed.over(t, lvm.ActivatorConfig{Workers: 1}).Activate(t.Context(), req)
		require.ErrorIs(t, err, syscall.EIO)
		h.activate(vg)
		require.Equal(t, want, h.seen(), "killed behind request %d", last)
		h.deactivate(vg)
		require.Empty(t, h.seen())
	}
	for at := int32(1); at < whole.seen.Load(); at += 3 {
		ctx, stop := context.WithCancel(t.Context())
		ended := &mortal{at: func(nth int32) {
			if nth == at {
				stop()
			}
		}}
		result, err := ended.over(t, lvm.ActivatorConfig{}).Activate(ctx, req)
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
