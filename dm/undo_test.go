package dm_test

import (
	"context"
	"io/fs"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/internal/dmwire"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// failing makes the nth request fail, whatever it is. Zero: none.
type failing struct {
	dmwire.Kernel
	nth, seen int
}

func (f *failing) Ioctl(cmd ioctl.Cmd, b *ioctl.Buffer) error {
	if f.seen++; f.seen == f.nth {
		return syscall.ENOMEM
	}
	return f.Kernel.Ioctl(cmd, b)
}

func newFailing(t *testing.T) (*failing, *dm.Conn, *dmtest.Kernel) {
	t.Helper()
	k := dmtest.NewKernel(dmtest.Config{})
	again, err := k.Reopen()
	require.NoError(t, err)
	f := &failing{Kernel: again}
	conn, err := dm.NewConn(f, &dm.Config{Udev: dm.UdevOff, NoNodes: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return f, conn, k
}

// everyStep runs do again and again, each time with one more request that
// succeeds before the one that fails, until it succeeds; check looks at what a
// failure left.
func everyStep(t *testing.T, f *failing, do func() error, check func(nth int)) {
	t.Helper()
	for nth := 1; ; nth++ {
		f.nth, f.seen = nth, 0
		err := do()
		f.nth = 0
		if f.seen < nth {
			require.NoError(t, err)
			require.Greater(t, nth, 1)
			return
		}
		require.ErrorIs(t, err, syscall.ENOMEM, "request %d", nth)
		require.ErrorAs(t, err, new(*dm.Error))
		check(nth)
	}
}

// zeroTable is a table with segments of the given lengths.
func zeroTable(lengths ...units.Sectors) dm.Table {
	var t dm.Table
	for _, n := range lengths {
		t = append(t, dm.Segment{Start: t.Size(), Length: n, Target: dm.Zero{}})
	}
	return t
}

func TestUndoCreate(t *testing.T) {
	f, conn, k := newFailing(t)
	everyStep(t, f, func() error {
		_, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", UUID: "LVM-a", Table: zeroTable(8, 8)})
		return err
	}, func(nth int) { require.Empty(t, k.Devices(), "request %d", nth) })
}

func TestUndoSwap(t *testing.T) {
	f, conn, _ := newFailing(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
	require.NoError(t, err)
	everyStep(t, f, func() error {
		return d.Swap(t.Context(), zeroTable(8, 16), dm.TableOptions{}, dm.SuspendOptions{})
	}, func(nth int) {
		info, err := d.Info()
		require.NoError(t, err)
		require.False(t, info.Suspended, "request %d", nth)
		require.False(t, info.Inactive, "request %d", nth)
		require.Equal(t, 1, info.Segments, "request %d", nth)
	})
	info, err := d.Info()
	require.NoError(t, err)
	require.Equal(t, 2, info.Segments)
}

func TestUndoLoad(t *testing.T) {
	f, conn, _ := newFailing(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
	require.NoError(t, err)
	var e *dm.Error
	for _, bad := range []dm.Table{
		{{Length: 8, Target: dm.Raw{Name: "no-such-target"}}},
		append(zeroTable(8), dm.Segment{Start: 8, Length: 8, Target: dm.Raw{Name: "no-such-target"}}),
	} {
		require.NoError(t, d.Load(zeroTable(16), dm.TableOptions{}))
		require.ErrorAs(t, d.Load(bad, dm.TableOptions{}), &e)
		require.Equal(t, len(bad), e.Segment)
		info, err := d.Info()
		require.NoError(t, err)
		require.False(t, info.Inactive)
	}
	require.NoError(t, d.Load(zeroTable(16), dm.TableOptions{}))
	f.nth, f.seen = 1, 0
	require.ErrorAs(t, d.Load(zeroTable(24), dm.TableOptions{}), &e)
	require.Zero(t, e.Segment, "memory is no segment's fault")
	require.ErrorAs(t, conn.Device(dm.ByName("none")).Load(zeroTable(8), dm.TableOptions{}), &e)
	require.Zero(t, e.Segment, "the device is missing")
	require.ErrorIs(t, e, fs.ErrNotExist)
}

func TestUndoRenameRemove(t *testing.T) {
	f, conn, k := newFailing(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
	require.NoError(t, err)
	everyStep(t, f, func() error {
		_, err := d.Rename(t.Context(), "b")
		return err
	}, func(int) { require.Equal(t, []string{"a"}, k.Devices()) })
	d = conn.Device(dm.ByName("b"))
	everyStep(t, f, func() error { return d.Remove(t.Context(), dm.RemoveOptions{}) },
		func(int) { require.Equal(t, []string{"b"}, k.Devices()) })
	require.Empty(t, k.Devices())
}

// Of two that suspend at once one loses with EINVAL, and is content.
func TestSuspendRace(t *testing.T) {
	var k *dmtest.Kernel
	var other *dm.Conn
	lost := 0
	k = dmtest.NewKernel(dmtest.Config{Before: func(c dmtest.Call) error {
		if c.Cmd != ioctl.DevSuspend || c.Flags&ioctl.FlagSkipLockFS == 0 {
			return nil
		}
		lost++
		if err := other.Device(dm.ByName(c.Name)).Suspend(dm.SuspendOptions{}); err != nil {
			return err
		}
		return syscall.EINVAL
	}})
	other = k.Open(t)
	d, err := k.Open(t).Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
	require.NoError(t, err)
	require.NoError(t, d.Suspend(dm.SuspendOptions{SkipLockFS: true}))
	require.Equal(t, 1, lost)
	require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
	k.Fail(ioctl.DevSuspend, 1, syscall.EINVAL)
	require.ErrorIs(t, d.Suspend(dm.SuspendOptions{}), syscall.EINVAL, "but not where it is not suspended")
}

func TestCreateCanceled(t *testing.T) {
	_, conn, k := newFailing(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := conn.Create(ctx, dm.CreateRequest{Name: "a", Table: zeroTable(8)})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, k.Devices())
}

func TestState(t *testing.T) {
	_, conn, _ := newFailing(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", UUID: "LVM-a", Table: zeroTable(8, 8), ReadOnly: true})
	require.NoError(t, err)
	require.NoError(t, d.Load(zeroTable(16), dm.TableOptions{}))
	require.NoError(t, d.Suspend(dm.SuspendOptions{}))
	want, err := d.Info()
	require.NoError(t, err)
	info, table, err := d.State()
	require.NoError(t, err)
	require.Equal(t, zeroTable(8, 8), table)
	require.Equal(t, want.Name, info.Name)
	require.Equal(t, want.Dev, info.Dev)
	require.True(t, info.ReadOnly && info.Suspended && info.Active && info.Inactive)
	_, _, err = conn.Device(dm.ByName("b")).State()
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestRemoveNoHolders(t *testing.T) {
	_, conn, k := newFailing(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: zeroTable(8)})
	require.NoError(t, err)
	info, err := d.Info()
	require.NoError(t, err)
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: "b", Table: dm.Table{{Length: 8, Target: dm.Linear{Dev: dm.BlockDev{Dev: info.Dev}}}}})
	require.NoError(t, err)
	var busy *dm.BusyError
	require.ErrorAs(t, d.Remove(t.Context(), dm.RemoveOptions{NoHolders: true}), &busy)
	require.Equal(t, &dm.BusyError{OpenCount: 1}, busy)
	require.ErrorAs(t, d.Remove(t.Context(), dm.RemoveOptions{}), &busy)
	require.Equal(t, &dm.BusyError{OpenCount: 1, Holders: []string{"b"}}, busy)
	require.Equal(t, []string{"a", "b"}, k.Devices())
}
