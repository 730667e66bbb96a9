package dmtest_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// What no test of a real kernel can bring about at will is set by hand.
func TestPool(t *testing.T) {
	k := dmtest.NewKernel(dmtest.Config{})
	conn := k.Open(t)
	meta, data := k.AddDisk("", 4096), k.AddDisk("", 128*100)
	table := func(blocks units.Sectors) dm.Table {
		return dm.Table{{Length: 128 * blocks, Target: dm.ThinPool{
			Metadata: dm.BlockDev{Dev: meta}, Data: dm.BlockDev{Dev: data}, DataBlockSize: 128,
		}}}
	}
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "pool", Table: table(64)})
	require.NoError(t, err)
	_, err = d.Message(0, "create_thin 7")
	require.NoError(t, err)
	require.Nil(t, k.Pool("none"))
	pool := k.Pool("pool")
	require.NotNil(t, pool)
	require.Equal(t, []uint32{7}, pool.Thins())
	status := func() string {
		s, err := d.Status(dm.StatusOptions{})
		require.NoError(t, err)
		return string(s[0].Status.AppendStatus(nil))
	}
	info, err := d.Info()
	require.NoError(t, err)
	volume, err := conn.Create(t.Context(), dm.CreateRequest{
		Name: "thin", Table: dm.Table{{Length: 1280, Target: dm.Thin{Pool: dm.BlockDev{Dev: info.Dev}, DeviceID: 7}}},
	})
	require.NoError(t, err)
	pool.SetMapped(7, 3)
	thin, err := volume.Status(dm.StatusOptions{})
	require.NoError(t, err)
	require.Equal(t, "0 1280 thin 384 383", thin[0].String())

	events := info.EventNr
	pool.SetUsed(500, 64)
	pool.SetMode(dmtest.PoolOutOfDataSpace)
	info, err = d.Info()
	require.NoError(t, err)
	require.Equal(t, events+2, info.EventNr)
	require.Equal(t, "0 500/512 64/64 - out_of_data_space discard_passdown queue_if_no_space - 128 ", status())
	_, err = d.Message(0, "create_thin 8")
	require.NoError(t, err, "the kernel lets it")
	require.NoError(t, d.Swap(t.Context(), table(100), dm.TableOptions{}, dm.SuspendOptions{NoFlush: true}))
	require.Equal(t, "0 500/512 64/100 - rw discard_passdown queue_if_no_space - 128 ", status())

	pool.SetMode(dmtest.PoolOutOfMetadataSpace)
	pool.SetNeedsCheck(true)
	require.Equal(t, "0 500/512 64/100 - ro discard_passdown queue_if_no_space needs_check 128 ", status())
	_, err = d.Message(0, "create_thin 9")
	require.ErrorIs(t, err, syscall.EOPNOTSUPP)
	require.NoError(t, errors.Join(d.Suspend(dm.SuspendOptions{}), d.Resume(t.Context(), dm.SuspendOptions{})))
	require.Equal(t, dmtest.PoolOutOfMetadataSpace, pool.Mode(), "until it is checked")

	pool.SetMode(dmtest.PoolFail)
	require.Equal(t, "Fail", status())
	thin, err = volume.Status(dm.StatusOptions{})
	require.NoError(t, err)
	require.Equal(t, "0 1280 thin Fail", thin[0].String())
	require.NoError(t, errors.Join(volume.Remove(t.Context(), dm.RemoveOptions{}), d.Remove(t.Context(), dm.RemoveOptions{})))
	require.Nil(t, k.Pool("pool"))

	// The metadata is still there, until the disk is wiped.
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: "pool", Table: table(100)})
	require.NoError(t, err)
	require.Equal(t, []uint32{7, 8}, k.Pool("pool").Thins())
	require.Equal(t, dmtest.PoolReadOnly, k.Pool("pool").Mode(), "it needs a check")
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	k.WipeDisk(meta)
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: "pool", Table: table(100)})
	require.NoError(t, err)
	require.Empty(t, k.Pool("pool").Thins())
}

func TestFaults(t *testing.T) {
	var calls []string
	k := dmtest.NewKernel(dmtest.Config{After: func(c dmtest.Call) {
		if c.Err != nil {
			calls = append(calls, c.Cmd.String()+" "+c.Name+": "+c.Err.Error())
		}
	}})
	conn := k.Open(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: dm.Table{{Length: 8, Target: dm.Zero{}}}})
	require.NoError(t, err)
	k.Fail(ioctl.DevSuspend, 2, syscall.EIO)
	k.Fail(ioctl.DevStatus, 1, syscall.ENOMEM)
	require.NoError(t, d.Suspend(dm.SuspendOptions{}))
	require.ErrorIs(t, d.Resume(t.Context(), dm.SuspendOptions{}), syscall.EIO)
	require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
	_, err = d.Info()
	require.ErrorIs(t, err, syscall.ENOMEM)
	require.Equal(t, []string{"suspend a: input/output error", "info a: cannot allocate memory"}, calls)

	_, err = k.Hold("none")
	require.ErrorIs(t, err, syscall.ENXIO)
	require.ErrorIs(t, k.Event("none"), syscall.ENXIO)
	before, err := d.Info()
	require.NoError(t, err)
	require.NoError(t, k.Event("a"))
	after, err := d.Info()
	require.NoError(t, err)
	require.Equal(t, before.EventNr+1, after.EventNr)
	require.Equal(t, []string{"a"}, k.Devices())
}

// A disk that shrank below a table shows at the next load.
func TestDisks(t *testing.T) {
	k := dmtest.NewKernel(dmtest.Config{})
	disk := k.AddDisk("/dev/vdb", 64)
	conn := k.Open(t)
	table := dm.Table{{Length: 64, Target: dm.Linear{Dev: dm.BlockDev{Path: "/dev/vdb"}}}}
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: "a", Table: table})
	require.NoError(t, err)
	deps, err := d.Deps()
	require.NoError(t, err)
	require.Equal(t, []dm.Dev{disk}, deps)
	k.ResizeDisk(disk, 32)
	_, err = conn.Create(t.Context(), dm.CreateRequest{Name: "b", Table: table})
	require.ErrorIs(t, err, syscall.EINVAL)
	_, err = conn.Create(t.Context(), dm.CreateRequest{
		Name: "c", Table: dm.Table{{Length: 64, Target: dm.Linear{Dev: dm.BlockDev{Path: "/dev/mapper/a"}}}},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "c"}, k.Devices())
}
