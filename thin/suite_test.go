package thin_test

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// system is a kernel with two empty disks: the same tests run on the fake one
// and on the real one.
//
//	NAME       thin pool
//	NAME-1, …  thin volumes
//	meta, data disks
type system struct {
	conn       *dm.Conn
	meta, data dm.BlockDev
	name       string
}

const (
	metaSize = 4 * units.MiB
	dataSize = 16 * units.MiB
	chunk    = 64 * units.KiB
)

func TestFake(t *testing.T) {
	suite(t, func(t *testing.T) *system {
		k := dmtest.NewKernel(dmtest.Config{})
		return &system{
			conn: k.Open(t),
			meta: dm.BlockDev{Dev: k.AddDisk("/dev/meta", metaSize.SectorsRoundUp())},
			data: dm.BlockDev{Dev: k.AddDisk("/dev/data", dataSize.SectorsRoundUp())},
			name: "pool",
		}
	})
}

func TestKernelSuite(t *testing.T) {
	testenv.Kernel(t, "thin-pool", "thin")
	suite(t, realSystem)
}

func realSystem(t *testing.T) *system {
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	s := &system{conn: conn, name: testenv.Name(t)}
	s.meta, s.data = loop(t, metaSize), loop(t, dataSize)
	return s
}

func loop(t *testing.T, size units.Bytes) dm.BlockDev {
	dev, err := ioctl.NodeDev(testenv.LoopDisk(t, size))
	require.NoError(t, err)
	return dm.BlockDev{Dev: dm.DevFromUint64(dev)}
}

func (s *system) config() thin.PoolConfig {
	return thin.PoolConfig{
		Metadata: s.meta, Data: s.data, Size: dataSize.SectorsRoundUp(), BlockSize: chunk.SectorsRoundUp(),
		LowWaterMark: 16, NoSpace: thin.ErrorIfNoSpace,
	}
}

func (s *system) pool(t *testing.T) *thin.Pool {
	t.Helper()
	p, err := thin.CreatePool(context.Background(), s.conn, s.name, "", s.config())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Remove(context.Background())) })
	return p
}

func (s *system) volume(id thin.DeviceID) thin.VolumeConfig {
	return thin.VolumeConfig{ID: id, Name: s.name + "-" + string(rune('0'+id)), Size: 2048}
}

func (s *system) activate(t *testing.T, p *thin.Pool, id thin.DeviceID) *thin.Volume {
	t.Helper()
	v, err := p.Activate(context.Background(), s.volume(id))
	require.NoError(t, err)
	t.Cleanup(func() {
		err := v.Deactivate(context.Background(), dm.RemoveOptions{})
		require.True(t, err == nil || errors.Is(err, fs.ErrNotExist), "%v", err)
	})
	return v
}

func suite(t *testing.T, newSystem func(*testing.T) *system) {
	for name, test := range map[string]func(*testing.T, *system){
		"pool":              testPool,
		"volumes":           testVolumes,
		"snapshot":          testSnapshot,
		"message errors":    testMessageErrors,
		"transaction":       testTransaction,
		"metadata snapshot": testMetadataSnapshot,
		"undo":              testUndo,
		"extend":            testExtend,
	} {
		t.Run(name, func(t *testing.T) { test(t, newSystem(t)) })
	}
}

func testPool(t *testing.T, s *system) {
	ctx := context.Background()
	p := s.pool(t)
	status, err := p.Status()
	require.NoError(t, err)
	require.Equal(t, thin.Writable, status.State)
	require.NoError(t, status.Err())
	require.Equal(t, thin.Usage{Total: 256}, status.Data)
	require.EqualValues(t, 1024, status.Metadata.Total)

	cfg, err := p.Config()
	require.NoError(t, err)
	require.Equal(t, s.config(), cfg)

	cfg.NoZeroing, cfg.NoSpace, cfg.Discard, cfg.LowWaterMark = true, thin.QueueIfNoSpace, thin.DiscardNoPassdown, 3
	require.NoError(t, p.Reload(ctx, cfg))
	again, err := p.Config()
	require.NoError(t, err)
	require.Equal(t, cfg, again)

	other, err := thin.OpenPool(s.conn, dm.ByName(s.name))
	require.NoError(t, err)
	require.Equal(t, p.Dev(), other.Dev())
	_, err = thin.OpenPool(s.conn, dm.ByName("roktest-none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func testVolumes(t *testing.T, s *system) {
	ctx := context.Background()
	p := s.pool(t)
	require.NoError(t, p.CreateThin(1))
	require.ErrorIs(t, p.CreateThin(1), fs.ErrExist)

	v := s.activate(t, p, 1)
	mapped, err := v.Mapped()
	require.NoError(t, err)
	require.Zero(t, mapped)
	require.ErrorIs(t, p.Delete(1), syscall.EBUSY)
	require.ErrorIs(t, p.Remove(ctx), syscall.EBUSY)

	_, err = thin.OpenPool(s.conn, v.Device().ID())
	require.ErrorContains(t, err, "want thin-pool")

	require.NoError(t, v.Deactivate(ctx, dm.RemoveOptions{}))
	require.NoError(t, p.Delete(1))
	require.ErrorIs(t, p.Delete(1), fs.ErrNotExist)
	_, err = p.Activate(ctx, s.volume(1))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func testSnapshot(t *testing.T, s *system) {
	ctx := context.Background()
	p := s.pool(t)
	require.NoError(t, p.CreateThin(1))
	require.NoError(t, p.CreateSnapshot(ctx, 2, 1)) // of an inactive origin

	v := s.activate(t, p, 1)
	before, err := v.Device().Info()
	require.NoError(t, err)
	require.NoError(t, p.CreateSnapshot(ctx, 3, 1))
	after, err := v.Device().Info()
	require.NoError(t, err)
	require.False(t, after.Suspended)
	require.Equal(t, before, after)

	// What somebody else suspended stays suspended.
	require.NoError(t, v.Device().Suspend(dm.SuspendOptions{}))
	require.NoError(t, p.CreateSnapshot(ctx, 4, 1))
	after, err = v.Device().Info()
	require.NoError(t, err)
	require.True(t, after.Suspended)
	require.NoError(t, v.Device().Resume(ctx, dm.SuspendOptions{}))

	// The origin runs again after a failure, too.
	require.ErrorIs(t, p.CreateSnapshot(ctx, 3, 1), fs.ErrExist)
	require.ErrorIs(t, p.CreateSnapshot(ctx, 9, 8), fs.ErrNotExist)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, p.CreateSnapshot(ended, 5, 1), context.Canceled)
	after, err = v.Device().Info()
	require.NoError(t, err)
	require.False(t, after.Suspended)
	for id := thin.DeviceID(2); id <= 4; id++ {
		require.NoError(t, p.Delete(id))
	}
	require.ErrorIs(t, p.Delete(5), fs.ErrNotExist)
}

func testMessageErrors(t *testing.T, s *system) {
	p := s.pool(t)
	var e *thin.Error
	err := p.CreateThin(thin.MaxDeviceID + 1)
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, syscall.EINVAL)
	require.Equal(t, thin.MaxDeviceID+1, *e.ID)
	require.NoError(t, p.CreateThin(thin.MaxDeviceID))
	require.NoError(t, p.Delete(thin.MaxDeviceID))
	require.ErrorContains(t, p.Delete(7), `thin: delete device 7 in "`+s.name+`"`)
}

func testTransaction(t *testing.T, s *system) {
	p := s.pool(t)
	require.NoError(t, p.SetTransactionID(0, 7))
	status, err := p.CommitStatus()
	require.NoError(t, err)
	require.EqualValues(t, 7, status.TransactionID)
	err = p.SetTransactionID(6, 8)
	require.ErrorIs(t, err, thin.ErrTransaction)
	require.ErrorContains(t, err, "the pool has 7, expected 6")
}

func testMetadataSnapshot(t *testing.T, s *system) {
	p := s.pool(t)
	require.Error(t, p.ReleaseMetadataSnapshot())
	require.NoError(t, p.ReserveMetadataSnapshot())
	status, err := p.Status()
	require.NoError(t, err)
	require.NotZero(t, status.HeldRoot)
	require.ErrorIs(t, p.ReserveMetadataSnapshot(), syscall.EBUSY)
	require.NoError(t, p.ReleaseMetadataSnapshot())
	status, err = p.Status()
	require.NoError(t, err)
	require.Zero(t, status.HeldRoot)
}

// What fails leaves nothing behind.
func testUndo(t *testing.T, s *system) {
	ctx := context.Background()
	p := s.pool(t)
	taken := s.volume(1)
	taken.Name = s.name // the pool's own name
	_, err := p.CreateVolume(ctx, taken)
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorIs(t, p.Delete(1), fs.ErrNotExist)

	cfg := s.config()
	cfg.Metadata = dm.BlockDev{Dev: dm.Dev{Major: 9, Minor: 99}} // no such device
	_, err = thin.CreatePool(ctx, s.conn, s.name+"-b", "", cfg)
	require.Error(t, err)
	there, err := s.conn.Device(dm.ByName(s.name + "-b")).Exists()
	require.NoError(t, err)
	require.False(t, there)
}

func testExtend(t *testing.T, s *system) {
	ctx := context.Background()
	p := s.pool(t)
	v, err := p.CreateVolume(ctx, s.volume(1))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Deactivate(ctx, dm.RemoveOptions{})) })
	require.NoError(t, v.Extend(ctx, 4096))
	table, err := v.Device().Table(dm.TableQuery{})
	require.NoError(t, err)
	require.EqualValues(t, 4096, table.Size())
	require.ErrorContains(t, v.Extend(ctx, 2048), "smaller than it is")
}
