package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// oraclePool is a pool that a kernel fills and thin-provisioning-tools judge. Its data
// device takes all writes and keeps none, unless a test gives it another.
//
//	1, 2, 3, …
//	pool
//	meta  data      origin
//	loop  zero      zero: what a volume reads where it maps nothing
type oraclePool struct {
	t    *testing.T
	conn *dm.Conn
	name string
	meta string // a loop device: the tools open it with O_DIRECT
	size units.Bytes
	data dm.BlockDev
	pool *thin.Pool

	dataSize, volumeSize units.Bytes
}

const oracleChunk = 64 * units.KiB

func newOraclePool(t *testing.T, metadata units.Bytes) *oraclePool {
	testenv.Kernel(t, "thin-pool", "thin", "zero", "program thin_check", "program thin_dump", "program thin_delta", "program thin_restore")
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	p := &oraclePool{
		t: t, conn: conn, name: testenv.Name(t), meta: testenv.LoopDisk(t, metadata), size: metadata,
		dataSize: 8 * units.GiB, volumeSize: 256 * units.MiB,
	}
	p.data = p.zeros("data", p.dataSize)
	t.Cleanup(func() {
		if p.pool != nil {
			p.stop()
		}
	})
	return p
}

// zeros makes a device that reads zeros.
func (p *oraclePool) zeros(name string, size units.Bytes) dm.BlockDev {
	p.t.Helper()
	name = p.name + "-" + name
	dev, err := p.conn.Create(p.t.Context(), dm.CreateRequest{Name: name, Table: dm.Table{
		{Length: size.SectorsRoundUp(), Target: dm.Zero{}},
	}})
	require.NoError(p.t, err)
	p.t.Cleanup(func() { require.NoError(p.t, dev.Remove(context.Background(), dm.RemoveOptions{})) })
	return dm.BlockDev{Path: p.conn.NodePath(name)}
}

// start activates the pool with the metadata on a loop device.
func (p *oraclePool) start(meta string) {
	p.t.Helper()
	var err error
	p.pool, err = thin.CreatePool(p.t.Context(), p.conn, p.name, "", thin.PoolConfig{
		Metadata: dm.BlockDev{Path: meta}, Data: p.data, Size: p.dataSize.SectorsRoundUp(),
		BlockSize: oracleChunk.SectorsRoundUp(), NoZeroing: true, NoSpace: thin.ErrorIfNoSpace,
	})
	require.NoError(p.t, err)
}

func (p *oraclePool) stop() {
	p.t.Helper()
	require.NoError(p.t, p.pool.Remove(context.Background()))
	p.pool = nil
}

// with activates a volume for a while.
func (p *oraclePool) with(id thin.DeviceID, origin dm.BlockDev, do func(v *thin.Volume, f *os.File)) {
	p.t.Helper()
	v, err := p.pool.Activate(p.t.Context(), thin.VolumeConfig{
		ID: id, Name: fmt.Sprintf("%s-%d", p.name, id), Size: p.volumeSize.SectorsRoundUp(), ExternalOrigin: origin,
	})
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, v.Deactivate(context.Background(), dm.RemoveOptions{})) }()
	f, err := os.OpenFile(v.Path(), os.O_RDWR|unix.O_DIRECT, 0)
	require.NoError(p.t, err)
	defer f.Close()
	do(v, f)
}

// write writes one sector into each of n chunks from first on, each step from the other.
func (p *oraclePool) write(f *os.File, first, n, step int) {
	p.t.Helper()
	sector := ioctl.AlignedBytes(int(units.SectorSize))
	for i := range n {
		_, err := f.WriteAt(sector, int64(first+i*step)*int64(oracleChunk))
		require.NoError(p.t, err)
	}
}

// scatter writes into n chunks at random, some of them more than once.
func (p *oraclePool) scatter(f *os.File, rng *rand.Rand, n int) {
	p.t.Helper()
	for range n {
		p.write(f, rng.IntN(int(p.volumeSize/oracleChunk)), 1, 1)
	}
}
