package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/linear"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// spaceCase is one way in which space ends.
type spaceCase struct {
	name   SpaceCase
	policy thin.NoSpacePolicy
	// Which of the two ends first follows from these.
	data     uint64        // data blocks of the pool
	metadata uint64        // metadata blocks of the pool
	volume   uint64        // chunks of the volume, which promises more than there is
	every    int           // writes between two fsyncs
	time     time.Duration // planned
	queued   time.Duration // planned in addition where the kernel's patience is its own
}

// metadataEnds reports whether the pool runs out of metadata, not of data.
func (c spaceCase) metadataEnds() bool { return c.metadata < fullMetadata }

// How long writes are queued for want of data space: NO_SPACE_TIMEOUT_SECS of
// drivers/md/dm-thin.c, and what is set in a machine of our own.
const (
	kernelPatience  = 60 * time.Second
	virtualPatience = 5 * time.Second
)

const (
	smallMetadata = 48   // blocks: holds some 7,300 mappings
	fullMetadata  = 1024 // blocks: 4 MiB
	manyChunks    = 8192
	fewChunks     = 256
)

func spaceCases() []spaceCase {
	return []spaceCase{
		{name: ThinQueue, policy: thin.QueueIfNoSpace, data: fewChunks, metadata: fullMetadata, volume: 2 * fewChunks, every: 16, time: 10 * time.Second, queued: kernelPatience - virtualPatience},
		{name: ThinError, policy: thin.ErrorIfNoSpace, data: fewChunks, metadata: fullMetadata, volume: 2 * fewChunks, every: 16, time: time.Second},
		{name: ThinMetadataQueue, policy: thin.QueueIfNoSpace, data: manyChunks, metadata: smallMetadata, volume: manyChunks, every: 64, time: 6 * time.Second},
		{name: ThinMetadataError, policy: thin.ErrorIfNoSpace, data: manyChunks, metadata: smallMetadata, volume: manyChunks, every: 64, time: 6 * time.Second},
		{name: ThickFull, time: time.Second},
	}
}

// spaceNeeded is what the largest case takes of a disk.
func spaceNeeded() units.Bytes {
	return manyChunks*chunkSize + 2*fullMetadata*thinMetadataBlock + 4*units.MiB
}

const thinMetadataBlock = 4 * units.KiB

// fullPool is a pool that is to run out of space, and its volume.
type fullPool struct {
	own  *own
	disk disk
	free linear.Set
	spaceCase
	data, meta linear.Volume
	pool       *thin.Pool
	volume     *thin.Volume
}

// noSpace lets space end in one way on a disk, which is free again afterwards.
func (o *own) noSpace(ctx context.Context, d disk, c spaceCase) (n NoSpace, err error) {
	before := len(o.undo)
	defer func() { err = errors.Join(err, o.closeTo(ctx, before)) }()
	if c.name == ThickFull {
		return o.thickFull(ctx, d)
	}
	p := &fullPool{own: o, disk: d, free: linear.Set{{Length: d.size}}, spaceCase: c}
	if err := p.make(ctx); err != nil {
		return n, fmt.Errorf("compare: %s: %w", c.name, err)
	}
	n, err = p.exhaust(ctx)
	if err != nil {
		return n, fmt.Errorf("compare: %s: %w", c.name, err)
	}
	return n, nil
}

func (p *fullPool) make(ctx context.Context) (err error) {
	// Data takes what a run of its own needs, so that it can be extended.
	if p.meta, err = p.cut(ctx, "meta", units.Bytes(p.metadata)*thinMetadataBlock); err != nil {
		return err
	}
	if p.data, err = p.cut(ctx, "data", units.Bytes(p.spaceCase.data)*chunkSize); err != nil {
		return err
	}
	if err := zeroHead(p.path("meta")); err != nil {
		return err
	}
	if p.pool, err = p.own.pool(ctx, "pool", p.config()); err != nil {
		return err
	}
	return p.activate(ctx, p.pool.CreateVolume)
}

func (p *fullPool) path(what string) string { return p.own.conn.NodePath(p.own.name(what)) }

// byName names one of the run's own devices in a table. The kernel looks it up
// by its node.
func (p *fullPool) byName(what string) dm.BlockDev { return dm.BlockDev{Path: p.path(what)} }

func (p *fullPool) config() thin.PoolConfig {
	return thin.PoolConfig{
		Metadata: p.byName("meta"), Data: p.byName("data"), Size: p.data.Size(),
		BlockSize: chunkSize.SectorsRoundDown(), NoZeroing: true, NoSpace: p.policy,
	}
}

// cut makes a linear device out of free space.
func (p *fullPool) cut(ctx context.Context, what string, size units.Bytes) (linear.Volume, error) {
	volume, rest, err := cut(p.disk, p.free, size)
	if err != nil {
		return nil, err
	}
	p.free = rest
	table, err := volume.Table()
	if err != nil {
		return nil, err
	}
	_, _, err = p.own.device(ctx, what, table)
	return volume, err
}

// grow makes one of the linear devices larger, while it is in use.
func (p *fullPool) grow(ctx context.Context, what string, volume linear.Volume, size units.Bytes) (linear.Volume, error) {
	more, rest, err := cut(p.disk, p.free, size)
	if err != nil {
		return nil, err
	}
	volume = append(volume, more...)
	table, err := volume.Table()
	if err != nil {
		return nil, err
	}
	p.free = rest
	dev := p.own.conn.Device(dm.ByName(p.own.name(what)))
	return volume, dev.Swap(ctx, table, dm.TableOptions{}, dm.SuspendOptions{NoFlush: true, SkipLockFS: true})
}

func (p *fullPool) activate(ctx context.Context, create func(context.Context, thin.VolumeConfig) (*thin.Volume, error)) (err error) {
	p.volume, err = create(ctx, thin.VolumeConfig{
		ID: thinID, Name: p.own.name("thin1"), UUID: p.own.uuid("thin1"),
		Size: (units.Bytes(p.spaceCase.volume) * chunkSize).SectorsRoundDown(),
	})
	if err != nil {
		return err
	}
	p.own.onClose(func(ctx context.Context) error { return removeIfThere(ctx, p.volume.Device()) })
	return nil
}

// exhaust writes until space ends, recovers, and says what happened.
func (p *fullPool) exhaust(ctx context.Context) (NoSpace, error) {
	n := NoSpace{Case: p.name, Recovery: []string{}}
	app, err := openApplication(p.volume.Path(), chunkSize, p.every)
	if err != nil {
		n.Errno.Open = errnoName(err)
		return n, nil
	}
	defer app.close()
	out, err := p.runApplication(ctx, app)
	if err != nil {
		return n, err
	}
	n.Errno.Write, n.Errno.Fsync, n.Errno.FsyncAgain = errnoName(out.write), errnoName(out.fsync), errnoName(out.fsyncAgain)
	n.Seconds = out.held.Seconds()
	lines, err := p.pool.Device().Status(dm.StatusOptions{NoFlush: true})
	if err != nil {
		return n, err
	}
	n.KernelStatus = strings.TrimSpace(lines[0].String())
	recover := p.extendData
	if p.metadataEnds() {
		recover = p.mendMetadata
	}
	if n.Recovery, err = recover(ctx, app); err != nil {
		return n, fmt.Errorf("recovery: %w", err)
	}
	found, err := app.audit()
	if err != nil {
		return n, err
	}
	n.DataIntact, n.LostBytes = found.intact, found.lost
	n.Recovered, err = p.isBack(app)
	return n, err
}

// isBack reports whether the pool is writable and the application can go on.
func (p *fullPool) isBack(app *application) (bool, error) {
	if err := app.goOn(); err != nil {
		return false, nil
	}
	s, err := p.pool.CommitStatus()
	return err == nil && s.State == thin.Writable && !s.NeedsCheck, err
}

// runApplication runs the application until it stops. A write that is queued
// cannot be interrupted: when ctx ends, or when nothing will end the wait, the
// pool is told to fail it.
func (p *fullPool) runApplication(ctx context.Context, app *application) (outcome, error) {
	type result struct {
		out outcome
		err error
	}
	done := make(chan result, 1)
	go func() {
		out, err := app.run(ctx, int(p.spaceCase.volume))
		done <- result{out, err}
	}()
	limit := time.NewTimer(p.patience())
	defer limit.Stop()
	select {
	case r := <-done:
		return r.out, r.err
	case <-ctx.Done():
	case <-limit.C:
	}
	// More than once: the write under way may be the one that the pool finds no
	// space for next. Nor may the application's file go before it has ended.
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		err := stopQueueing(context.WithoutCancel(ctx), p.pool)
		select {
		case r := <-done:
			return r.out, errors.Join(ctx.Err(), r.err, err)
		case <-again.C:
		}
	}
}

// patience is how long writes are given: the kernel's time limit for queued
// ones, and time to get there.
func (p *fullPool) patience() time.Duration {
	return min(noSpaceTimeout(), 90*time.Second) + 30*time.Second
}

const noSpaceTimeoutFile = "/sys/module/dm_thin_pool/parameters/no_space_timeout"

// noSpaceTimeout is how long the kernel queues writes for want of data space;
// zero is without end.
func noSpaceTimeout() time.Duration {
	text, _ := os.ReadFile(noSpaceTimeoutFile)
	seconds, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return time.Duration(seconds) * time.Second
}

// setNoSpaceTimeout shortens the kernel's patience in a machine of our own,
// until the run ends.
func (o *own) setNoSpaceTimeout(to time.Duration) error {
	before := noSpaceTimeout()
	write := func(d time.Duration) error {
		return os.WriteFile(noSpaceTimeoutFile, []byte(strconv.Itoa(int(d/time.Second))), 0)
	}
	o.onClose(func(context.Context) error { return write(before) })
	return write(to)
}
