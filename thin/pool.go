package thin

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// The sizes that a pool's data blocks can have: DATA_DEV_BLOCK_SIZE_* of
// drivers/md/dm-thin.c. A block size is a multiple of the smallest.
const (
	MinBlockSize units.Sectors = 128
	MaxBlockSize units.Sectors = 1 << 21
)

// NoSpacePolicy says what a pool does with a write that needs a block when
// there is none.
type NoSpacePolicy uint8

const (
	// QueueIfNoSpace makes the write wait, until space comes or the kernel's
	// no_space_timeout ends it.
	QueueIfNoSpace NoSpacePolicy = iota
	// ErrorIfNoSpace fails it with ENOSPC.
	ErrorIfNoSpace
)

// DiscardPolicy says what a pool does with discards.
type DiscardPolicy uint8

const (
	// DiscardPassdown unmaps blocks and tells the data device.
	DiscardPassdown DiscardPolicy = iota
	// DiscardNoPassdown only unmaps blocks.
	DiscardNoPassdown
	// DiscardIgnore does nothing.
	DiscardIgnore
)

// PoolConfig describes a pool's table.
type PoolConfig struct {
	// Metadata is the device that holds the mappings. A pool is made on one
	// whose first 4 KiB are zeros; otherwise the pool that is there is taken.
	Metadata dm.BlockDev
	// Data is the device that holds the blocks.
	Data dm.BlockDev
	// Size is the pool's size: no more than Data's.
	Size units.Sectors
	// BlockSize is the unit of allocation. It is fixed when the pool is made.
	BlockSize units.Sectors
	// LowWaterMark is the number of free data blocks below which the kernel
	// raises an event, once for each resume. Zero: only when none is left.
	LowWaterMark uint64
	// NoZeroing leaves old data readable in the part of a new block that was
	// not written.
	NoZeroing bool
	NoSpace   NoSpacePolicy
	Discard   DiscardPolicy
	// ReadOnly forbids changes of the metadata.
	ReadOnly bool
}

// Table is the pool's table. It fails where a size is not what a pool can have.
func (c PoolConfig) Table() (dm.Table, error) {
	switch {
	case c.BlockSize < MinBlockSize || c.BlockSize > MaxBlockSize || c.BlockSize%MinBlockSize != 0:
		return nil, fmt.Errorf("thin pool: block size %v: want a multiple of %v, at most %v", c.BlockSize, MinBlockSize, MaxBlockSize)
	case c.Size < c.BlockSize:
		return nil, fmt.Errorf("thin pool: size %v is less than one block of %v", c.Size, c.BlockSize)
	}
	t := dm.Table{{Length: c.Size, Target: dm.ThinPool{
		Metadata:          c.Metadata,
		Data:              c.Data,
		DataBlockSize:     c.BlockSize,
		LowWaterMark:      c.LowWaterMark,
		SkipBlockZeroing:  c.NoZeroing,
		IgnoreDiscard:     c.Discard == DiscardIgnore,
		NoDiscardPassdown: c.Discard == DiscardNoPassdown,
		ReadOnly:          c.ReadOnly,
		ErrorIfNoSpace:    c.NoSpace == ErrorIfNoSpace,
	}}}
	return t, t.Validate()
}

// Pool is an active thin pool. Its methods may be called by several goroutines
// at once, but those that take transaction ids need an order, which is the
// caller's.
type Pool struct {
	conn *dm.Conn
	dev  *dm.Device
	name string
	num  dm.Dev // the number that its volumes' tables name
}

// CreatePool makes the pool's device, with the given name and, unless it is
// empty, UUID. If a step fails nothing is left; metadata that was zeros may be
// formatted by then.
func CreatePool(ctx context.Context, conn *dm.Conn, name, uuid string, cfg PoolConfig) (*Pool, error) {
	table, err := cfg.Table()
	if err != nil {
		return nil, &Error{Op: "create pool", Pool: name, Err: err}
	}
	dev, err := conn.Create(ctx, dm.CreateRequest{Name: name, UUID: uuid, Table: table})
	if err != nil {
		return nil, &Error{Op: "create pool", Pool: name, Err: err}
	}
	p, err := OpenPool(conn, dev.ID())
	if err != nil {
		return nil, errors.Join(err, dev.Remove(context.WithoutCancel(ctx), dm.RemoveOptions{}))
	}
	return p, nil
}

// OpenPool returns the pool that id names. It fails with [fs.ErrNotExist] where
// there is no such device; that a device is no thin pool has an error of no
// type.
func OpenPool(conn *dm.Conn, id dm.ID) (*Pool, error) {
	dev := conn.Device(id)
	info, err := dev.Info()
	if err != nil {
		return nil, &Error{Op: "open pool", Pool: id.String(), Err: err}
	}
	p := &Pool{conn: conn, dev: conn.Device(dm.ByName(info.Name)), name: info.Name, num: info.Dev}
	if _, err := p.Config(); err != nil {
		return nil, err
	}
	return p, nil
}

// Name is the name of the pool's device.
func (p *Pool) Name() string { return p.name }

// Device is the pool's device.
func (p *Pool) Device() *dm.Device { return p.dev }

// Dev is the number of the pool's device, which its volumes' tables name.
func (p *Pool) Dev() dm.Dev { return p.num }

func (p *Pool) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Pool: p.name, Err: err}
}

// Config reads the pool's table back.
func (p *Pool) Config() (PoolConfig, error) {
	t, err := p.dev.Table(dm.TableQuery{})
	if err != nil {
		return PoolConfig{}, p.fault("read table of pool", err)
	}
	if len(t) != 1 {
		return PoolConfig{}, p.fault("read table of pool", fmt.Errorf("%d segments, want one thin-pool", len(t)))
	}
	target, ok := t[0].Target.(dm.ThinPool)
	if !ok {
		return PoolConfig{}, p.fault("read table of pool", fmt.Errorf("target %s, want thin-pool", t[0].Target.Type()))
	}
	c := PoolConfig{
		Metadata:     target.Metadata,
		Data:         target.Data,
		Size:         t[0].Length,
		BlockSize:    target.DataBlockSize,
		LowWaterMark: target.LowWaterMark,
		NoZeroing:    target.SkipBlockZeroing,
		ReadOnly:     target.ReadOnly,
	}
	if target.ErrorIfNoSpace {
		c.NoSpace = ErrorIfNoSpace
	}
	switch {
	case target.IgnoreDiscard:
		c.Discard = DiscardIgnore
	case target.NoDiscardPassdown:
		c.Discard = DiscardNoPassdown
	}
	return c, nil
}

// Status asks for the pool's state, without making the kernel commit first.
func (p *Pool) Status() (Status, error) { return p.status(dm.StatusOptions{NoFlush: true}) }

// CommitStatus makes the kernel commit the pool's metadata, and asks for the
// state then: transaction id and figures are what is on disk.
func (p *Pool) CommitStatus() (Status, error) { return p.status(dm.StatusOptions{}) }

func (p *Pool) status(opts dm.StatusOptions) (Status, error) {
	lines, err := p.dev.Status(opts)
	if err != nil {
		return Status{}, p.fault("status of pool", err)
	}
	if len(lines) != 1 {
		return Status{}, p.fault("status of pool", fmt.Errorf("%d segments, want one thin-pool", len(lines)))
	}
	k, ok := lines[0].Status.(dm.ThinPoolStatus)
	if !ok {
		return Status{}, p.fault("status of pool", fmt.Errorf("not understood: %v", lines[0]))
	}
	return StatusOf(k), nil
}

// Reload gives the pool another table: larger devices, another policy. Queued
// I/O stays queued over the swap and goes on afterwards. This is how a pool
// that is out of data space comes back.
func (p *Pool) Reload(ctx context.Context, cfg PoolConfig) error {
	table, err := cfg.Table()
	if err == nil {
		err = p.dev.Swap(ctx, table, dm.TableOptions{}, dm.SuspendOptions{NoFlush: true, SkipLockFS: true})
	}
	return p.fault("reload pool", err)
}

// Remove deactivates the pool. Its volumes must be inactive, or it fails with
// a [*dm.BusyError].
func (p *Pool) Remove(ctx context.Context) error {
	return p.fault("remove pool", p.dev.Remove(ctx, dm.RemoveOptions{}))
}
