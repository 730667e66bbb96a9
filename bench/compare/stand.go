package compare

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/linear"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// stand is a device with the volumes on it that are measured.
type stand struct {
	own  *own
	base disk
	free linear.Set

	volume units.Bytes // size of each volume
	raw    linear.Run  // of base
	thick  string      // path
	thin   *thin.Volume
	pool   *thin.Pool
	nextID thin.DeviceID
}

// disk is a block device that a stand or a no-space case takes its space from.
type disk struct {
	path string
	dev  dm.BlockDev
	size units.Sectors
}

const (
	thinID  thin.DeviceID = 1 // the volume that was written before
	firstID thin.DeviceID = 2 // the first of the fresh ones
)

// delayed puts dm-delay over a disk: every read, write and flush takes latency
// longer.
func (o *own) delayed(ctx context.Context, d disk, latency time.Duration) (disk, error) {
	_, dev, err := o.device(ctx, "disk", dm.Table{{Length: d.size, Target: dm.Delay{
		Read: dm.DelayClass{Dev: d.dev, Delay: latency.Truncate(time.Millisecond)},
	}}})
	return disk{path: o.conn.NodePath(o.name("disk")), dev: dev, size: d.size}, err
}

// cut takes space out of the stand's disk and makes a linear device of it.
func (s *stand) cut(ctx context.Context, what string, size units.Bytes) (dm.BlockDev, error) {
	volume, rest, err := cut(s.base, s.free, size)
	if err != nil {
		return dm.BlockDev{}, fmt.Errorf("compare: space for %s: %w", what, err)
	}
	s.free = rest
	table, err := volume.Table()
	if err != nil {
		return dm.BlockDev{}, err
	}
	_, dev, err := s.own.device(ctx, what, table)
	return dev, err
}

// cut takes size bytes out of the free sectors of a disk.
func cut(d disk, free linear.Set, size units.Bytes) (linear.Volume, linear.Set, error) {
	runs, rest, err := free.Allocate(size.SectorsRoundUp(), linear.Policy{Align: alignment})
	return linear.On(d.dev, runs), rest, err
}

// alignment keeps volumes on boundaries that suit any disk: 1 MiB.
const alignment units.Sectors = 2048

// newStand lays volumes on a disk, and writes them once.
func newStand(ctx context.Context, o *own, d disk, volume units.Bytes) (*stand, error) {
	s := &stand{own: o, base: d, free: linear.Set{{Length: d.size}}, volume: volume, nextID: firstID}
	runs, rest, err := s.free.Allocate(volume.SectorsRoundUp(), linear.Policy{Contiguous: true, Align: alignment})
	if err != nil {
		return nil, fmt.Errorf("compare: space for the raw device: %w", err)
	}
	s.raw, s.free = runs[0], rest
	if _, err := s.cut(ctx, "thick", volume); err != nil {
		return nil, err
	}
	s.thick = o.conn.NodePath(o.name("thick"))
	if err := s.makePool(ctx); err != nil {
		return nil, err
	}
	s.thin, err = s.activate(ctx, thinID, s.pool.CreateVolume)
	if err != nil {
		return nil, err
	}
	for _, target := range []Target{Raw, Thick, Thin} {
		if err := s.fill(ctx, s.target(target)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *stand) makePool(ctx context.Context) error {
	meta, err := s.cut(ctx, "meta", metadataSize)
	if err != nil {
		return err
	}
	if err := zeroHead(s.own.conn.NodePath(s.own.name("meta"))); err != nil {
		return err
	}
	data, err := s.cut(ctx, "data", (extraVolumes-2)*s.volume)
	if err != nil {
		return err
	}
	s.pool, err = s.own.pool(ctx, "pool", thin.PoolConfig{
		Metadata:  meta,
		Data:      data,
		Size:      ((extraVolumes - 2) * s.volume).SectorsRoundDown(),
		BlockSize: chunkSize.SectorsRoundDown(),
		NoZeroing: true,
		NoSpace:   thin.ErrorIfNoSpace,
	})
	return err
}

// pool makes a pool of the run's own.
func (o *own) pool(ctx context.Context, what string, cfg thin.PoolConfig) (*thin.Pool, error) {
	p, err := thin.CreatePool(ctx, o.conn, o.name(what), o.uuid(what), cfg)
	if err != nil {
		return nil, err
	}
	o.onClose(func(ctx context.Context) error { return removeIfThere(ctx, p.Device()) })
	return p, nil
}

// zeroHead makes the kernel format a pool's metadata anew: it takes any other
// first block for a pool that is there.
func zeroHead(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	_, err = f.WriteAt(make([]byte, metadata.BlockSize), 0)
	return errors.Join(err, f.Sync(), f.Close())
}

// activate makes a volume of the stand's size with create, which is
// CreateVolume or Activate of the pool.
func (s *stand) activate(ctx context.Context, id thin.DeviceID, create func(context.Context, thin.VolumeConfig) (*thin.Volume, error)) (*thin.Volume, error) {
	what := fmt.Sprintf("thin%d", id)
	v, err := create(ctx, thin.VolumeConfig{
		ID: id, Name: s.own.name(what), UUID: s.own.uuid(what), Size: s.volume.SectorsRoundDown(),
	})
	if err != nil {
		return nil, err
	}
	s.own.onClose(func(ctx context.Context) error { return removeIfThere(ctx, v.Device()) })
	return v, nil
}

// target is where bench finds one of the lasting targets.
func (s *stand) target(t Target) bench.Target {
	switch t {
	case Raw:
		start, _ := s.raw.Start.Bytes() // on a device that exists
		return bench.Target{Name: string(t), Path: s.base.path, Offset: start, Size: s.volume, Shared: true}
	case Thick:
		return bench.Target{Name: string(t), Path: s.thick, Size: s.volume}
	}
	return bench.Target{Name: string(t), Path: s.thin.Path(), Size: s.volume}
}

// fill writes a target from beginning to end, so that every block is mapped
// and holds data that cannot be compressed.
func (s *stand) fill(ctx context.Context, t bench.Target) error {
	_, err := bench.Run(ctx, t, bench.Job{
		RW: bench.SeqWrite, BlockSize: units.MiB, Direct: true, EndFsync: true,
	}, bench.RunConfig{})
	if err != nil {
		return fmt.Errorf("compare: fill %s: %w", t.Name, err)
	}
	return nil
}

// fresh makes a volume on which no chunk was written yet, or, after a
// snapshot, none since.
func (s *stand) fresh(ctx context.Context, kind Target) (*thin.Volume, error) {
	id := s.nextID
	s.nextID++
	if err := s.zeroing(ctx, kind == ThinFirstZeroed); err != nil {
		return nil, err
	}
	if kind != ThinAfterSnap {
		return s.activate(ctx, id, s.pool.CreateVolume)
	}
	if err := s.pool.CreateSnapshot(ctx, id, thinID); err != nil {
		return nil, err
	}
	v, err := s.activate(ctx, id, s.pool.Activate)
	if err != nil {
		return nil, errors.Join(err, s.pool.Delete(id))
	}
	return v, nil
}

// drop deletes a volume that fresh made.
func (s *stand) drop(ctx context.Context, v *thin.Volume) error {
	ctx = context.WithoutCancel(ctx)
	if err := v.Deactivate(ctx, dm.RemoveOptions{Retry: removeRetry}); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.pool.Delete(v.ID()); err != nil {
		return err
	}
	// The blocks are free for others only after a commit.
	_, err := s.pool.CommitStatus()
	return err
}

// zeroing turns the pool's zeroing of new chunks on or off.
func (s *stand) zeroing(ctx context.Context, on bool) error {
	cfg, err := s.pool.Config()
	if err != nil || cfg.NoZeroing == !on {
		return err
	}
	cfg.NoZeroing = !on
	return s.pool.Reload(ctx, cfg)
}
