package thin

import (
	"context"
	"errors"
	"fmt"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// VolumeConfig describes an active volume.
type VolumeConfig struct {
	ID   DeviceID
	Name string // of the device
	UUID string // of the device; may be empty
	Size units.Sectors
	// ExternalOrigin is read where the volume has no block. Zero: zeros are.
	ExternalOrigin dm.BlockDev
	ReadOnly       bool
}

// Table is the volume's table, over the pool with the given device number.
func (c VolumeConfig) Table(pool dm.Dev) (dm.Table, error) {
	t := dm.Table{{Length: c.Size, Target: dm.Thin{
		Pool:           dm.BlockDev{Dev: pool},
		DeviceID:       uint32(c.ID),
		ExternalOrigin: c.ExternalOrigin,
	}}}
	return t, t.Validate()
}

// Volume is an active volume of a pool. Its methods may be called by several
// goroutines at once, but not beside [Volume.Extend].
type Volume struct {
	pool *Pool
	cfg  VolumeConfig
	dev  *dm.Device
}

// Activate makes a device of the pool's device c.ID. It fails with
// [fs.ErrNotExist] where the pool has none, and leaves nothing behind.
func (p *Pool) Activate(ctx context.Context, c VolumeConfig) (*Volume, error) {
	fault := func(err error) error { return &Error{Op: "activate", Pool: p.name, ID: &c.ID, Err: err} }
	if err := p.checkID("activate", c.ID); err != nil {
		return nil, err
	}
	table, err := c.Table(p.num)
	if err != nil {
		return nil, fault(err)
	}
	dev, err := p.conn.Create(ctx, dm.CreateRequest{Name: c.Name, UUID: c.UUID, Table: table, ReadOnly: c.ReadOnly})
	if err != nil {
		return nil, fault(err)
	}
	return &Volume{pool: p, cfg: c, dev: dev}, nil
}

// CreateVolume makes an empty device and activates it. If activating fails the
// device is deleted again.
func (p *Pool) CreateVolume(ctx context.Context, c VolumeConfig) (*Volume, error) {
	if err := p.CreateThin(c.ID); err != nil {
		return nil, err
	}
	v, err := p.Activate(ctx, c)
	if err != nil {
		return nil, errors.Join(err, p.Delete(c.ID))
	}
	return v, nil
}

// ID is the volume's id in its pool.
func (v *Volume) ID() DeviceID { return v.cfg.ID }

// Size is the volume's size.
func (v *Volume) Size() units.Sectors { return v.cfg.Size }

// Device is the volume's device.
func (v *Volume) Device() *dm.Device { return v.dev }

// Path is the volume's device node.
func (v *Volume) Path() string { return v.pool.conn.NodePath(v.cfg.Name) }

func (v *Volume) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Pool: v.pool.name, ID: &v.cfg.ID, Err: err}
}

// Mapped is how much of the volume has blocks of its own or shared ones. It
// fails with [ErrFailed] where the pool has failed.
func (v *Volume) Mapped() (units.Sectors, error) {
	const op = "status of"
	lines, err := v.dev.Status(dm.StatusOptions{})
	if err != nil {
		return 0, v.fault(op, err)
	}
	if len(lines) == 1 {
		if s, ok := lines[0].Status.(dm.ThinStatus); ok {
			switch s.State {
			case "":
				return s.MappedSectors, nil
			case dm.ThinFail:
				return 0, v.fault(op, &StateError{State: Failed})
			}
		}
	}
	return 0, v.fault(op, fmt.Errorf("not understood: %v", lines))
}

// Extend makes the volume larger, while it is in use. It fails where size is
// smaller than the volume is. It waits for I/O that is under way: in a pool out
// of data space, for space.
//
// If ctx ends while it waits for udev's rules, the volume is larger all the
// same, and the error is the context's.
func (v *Volume) Extend(ctx context.Context, size units.Sectors) error {
	const op = "extend"
	c := v.cfg
	if size < c.Size {
		return v.fault(op, fmt.Errorf("from %v to %v: smaller than it is", c.Size, size))
	}
	c.Size = size
	table, err := c.Table(v.pool.num)
	if err == nil {
		err = v.dev.Swap(ctx, table, dm.TableOptions{ReadOnly: c.ReadOnly}, dm.SuspendOptions{})
	}
	if err != nil {
		if now, readErr := v.dev.Table(dm.TableQuery{}); readErr == nil && now.Size() == size {
			v.cfg = c // only what came after the swap failed
		}
		return v.fault(op, err)
	}
	v.cfg = c
	return nil
}

// Deactivate removes the volume's device. The pool keeps what is in it: see
// [Pool.Delete]. It fails with a [*dm.BusyError] where the device is open.
func (v *Volume) Deactivate(ctx context.Context, opts dm.RemoveOptions) error {
	return v.fault("deactivate", v.dev.Remove(ctx, opts))
}
