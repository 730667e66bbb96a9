package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// The devices of the pool that deltas are measured on.
const (
	thinVolume  thin.DeviceID = 0
	thinBefore  thin.DeviceID = 1 // the volume, filled
	thinBetween thin.DeviceID = 2 // after the runs of changes, before those at random
)

// What changes in the volume.
const (
	thinRuns        = 10
	thinRunLength   = 100
	thinRandomCount = 1000
)

const thinChunk = 64 * units.KiB

// thinPool is a pool whose metadata are a file, and whose data device takes all
// writes and keeps none: its metadata are what it is for.
//
//	volume
//	 pool
//	meta   data
//	loop   zero
type thinPool struct {
	rok    *rok
	loop   *ioctl.Loop
	data   *dm.Device
	pool   *thin.Pool
	volume *thin.Volume
}

// makeThinPool makes the metadata of a volume of so many chunks, all of them
// mapped, and of its snapshots: a kernel's work, from the first block to the last.
func makeThinPool(ctx context.Context, path string, chunks int) (err error) {
	if err := removeLeftovers(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", prefix) // in memory, which a device needs more than the copy
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	meta := filepath.Join(dir, "meta")
	p := new(thinPool)
	if err := errors.Join(p.start(ctx, meta, chunks), p.change(ctx, chunks), p.stop(ctx)); err != nil {
		return err
	}
	return copyFile(meta, path, 0o600)
}

// start makes the pool and its volume, on a metadata device that has room also where the
// kernel leaves nodes half empty.
func (p *thinPool) start(ctx context.Context, meta string, chunks int) (err error) {
	if p.rok, err = openRok(true); err != nil {
		return err
	}
	size := 4*units.MiB + units.Bytes(chunks)*64
	if err := makeFile(meta, size); err != nil {
		return err
	}
	if p.loop, err = ioctl.AttachLoop(meta, ioctl.LoopConfig{}); err != nil {
		return err
	}
	conn := p.rok.conn
	volume := units.Sectors(chunks) * thinChunk.SectorsRoundUp()
	data := volume + volume/4 + units.MiB.SectorsRoundUp()*256
	p.data, err = conn.Create(ctx, dm.CreateRequest{Name: prefix + "data", Table: zeros(data)})
	if err != nil {
		return err
	}
	p.pool, err = thin.CreatePool(ctx, conn, prefix+"pool", "", thin.PoolConfig{
		Metadata: dm.BlockDev{Path: p.loop.Path()}, Data: dm.BlockDev{Path: conn.NodePath(prefix + "data")},
		Size: data, BlockSize: thinChunk.SectorsRoundUp(), NoZeroing: true, NoSpace: thin.ErrorIfNoSpace,
	})
	if err != nil {
		return err
	}
	p.volume, err = p.pool.CreateVolume(ctx, thin.VolumeConfig{ID: thinVolume, Name: prefix + "volume", Size: volume})
	return err
}

// change fills the volume and then changes parts of it, between snapshots.
func (p *thinPool) change(ctx context.Context, chunks int) (err error) {
	if p.volume == nil {
		return nil // start says why
	}
	f, err := os.OpenFile(p.volume.Path(), os.O_WRONLY|unix.O_DIRECT, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Sync(), f.Close()) }()
	if err := writeChunks(f, 0, chunks); err != nil {
		return err
	}
	if err := p.pool.CreateSnapshot(ctx, thinBefore, thinVolume); err != nil {
		return err
	}
	draw := rand.New(rand.NewPCG(1, 2))
	for range thinRuns {
		if err := writeChunks(f, draw.IntN(chunks-thinRunLength), thinRunLength); err != nil {
			return err
		}
	}
	if err := p.pool.CreateSnapshot(ctx, thinBetween, thinVolume); err != nil {
		return err
	}
	for _, c := range draw.Perm(chunks)[:thinRandomCount] {
		if err := writeChunks(f, c, 1); err != nil {
			return err
		}
	}
	return nil
}

// atOnce is how many chunks are written by one call, which the kernel splits: in
// user-mode Linux a call for each of a million would take minutes.
const atOnce = 64

// writeChunks writes n whole chunks, past the page cache.
func writeChunks(f *os.File, first, n int) error {
	buf := ioctl.AlignedBytes(min(n, atOnce) * int(thinChunk))
	for n > 0 {
		part := min(n, atOnce)
		if _, err := f.WriteAt(buf[:part*int(thinChunk)], int64(first)*int64(thinChunk)); err != nil {
			return err
		}
		first, n = first+part, n-part
	}
	return nil
}

// stop takes away what there is. The pool commits its metadata.
func (p *thinPool) stop(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	if p.volume != nil {
		errs = append(errs, p.volume.Deactivate(ctx, dm.RemoveOptions{}))
	}
	if p.pool != nil {
		errs = append(errs, p.pool.Remove(ctx))
	}
	if p.data != nil {
		errs = append(errs, p.data.Remove(ctx, dm.RemoveOptions{}))
	}
	if p.loop != nil {
		errs = append(errs, p.loop.File().Sync(), p.loop.Detach())
	}
	if p.rok != nil {
		errs = append(errs, p.rok.close())
	}
	return errors.Join(errs...)
}

// makeFile makes a file of holes, or one that is there one of nothing else.
func makeFile(path string, size units.Bytes) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(int64(size)), f.Close())
}
