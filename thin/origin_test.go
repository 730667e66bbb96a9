package thin_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/thin"
)

func onFake(k *dmtest.Kernel, conn *dm.Conn) *system {
	return &system{
		conn: conn, name: "pool",
		meta: dm.BlockDev{Dev: k.AddDisk("/dev/meta", metaSize.SectorsRoundUp())},
		data: dm.BlockDev{Dev: k.AddDisk("/dev/data", dataSize.SectorsRoundUp())},
	}
}

// A snapshot that cannot be does not suspend its origin.
func TestSnapshotRefusedEarly(t *testing.T) {
	suspends := 0
	k := dmtest.NewKernel(dmtest.Config{After: func(c dmtest.Call) {
		if c.Cmd == ioctl.DevSuspend {
			suspends++
		}
	}})
	s := onFake(k, k.Open(t))
	p := s.pool(t)
	require.NoError(t, p.CreateThin(1))
	s.activate(t, p, 1)

	suspends = 0
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.CreateSnapshot(ended, 2, 1), context.Canceled)
	for mode, want := range map[dmtest.PoolMode]error{
		dmtest.PoolOutOfDataSpace: thin.ErrNoDataSpace, dmtest.PoolReadOnly: thin.ErrReadOnly, dmtest.PoolFail: thin.ErrFailed,
	} {
		k.Pool("pool").SetMode(mode)
		require.ErrorIs(t, p.CreateSnapshot(t.Context(), 2, 1), want)
	}
	require.Zero(t, suspends)
}

// An origin that gets another name while it is looked for is suspended all the
// same.
func TestSnapshotOfRenamedOrigin(t *testing.T) {
	var armed, suspended bool
	var other *dm.Conn
	k := dmtest.NewKernel(dmtest.Config{
		Before: func(c dmtest.Call) error {
			if c.Cmd == ioctl.TableStatus && armed {
				armed = false
				_, err := other.Device(dm.ByName("pool-1")).Rename(context.Background(), "moved")
				if err != nil {
					return syscall.EIO
				}
			}
			return nil
		},
		After: func(c dmtest.Call) {
			suspended = suspended || c.Cmd == ioctl.DevSuspend && c.Flags&ioctl.FlagSuspend != 0
			armed = armed || c.Cmd == ioctl.ListDevices
		},
	})
	other = k.Open(t)
	s := onFake(k, k.Open(t))
	p := s.pool(t)
	require.NoError(t, p.CreateThin(1))
	s.activate(t, p, 1)
	suspended = false
	require.NoError(t, p.CreateSnapshot(t.Context(), 2, 1))
	require.True(t, suspended)
	require.NoError(t, other.Device(dm.ByName("moved")).Remove(t.Context(), dm.RemoveOptions{}))
}

// A volume whose node fails behind the swap has its new size.
func TestExtendWithoutNode(t *testing.T) {
	dir := t.TempDir()
	if err := ioctl.MakeBlockNode(filepath.Join(dir, "probe"), 0); errors.Is(err, fs.ErrPermission) {
		t.Skip("device nodes cannot be made here")
	}
	k := dmtest.NewKernel(dmtest.Config{})
	kernel, err := k.Reopen()
	require.NoError(t, err)
	conn, err := dm.NewConn(kernel, &dm.Config{Udev: dm.UdevOff, Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	s := onFake(k, conn)
	p := s.pool(t)
	require.NoError(t, p.CreateThin(1))
	v := s.activate(t, p, 1)
	require.NoError(t, os.Remove(v.Path()))
	require.NoError(t, os.WriteFile(v.Path(), nil, 0o600))
	require.ErrorIs(t, v.Extend(t.Context(), 4096), fs.ErrExist)
	table, err := v.Device().Table(dm.TableQuery{})
	require.NoError(t, err)
	require.EqualValues(t, 4096, table.Size())
	require.EqualValues(t, 4096, v.Size())
}
