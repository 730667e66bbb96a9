package thin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/rok-storage/rok/dm"
)

// DeviceID names a device in a pool: a volume or a snapshot, active or not. It
// has 24 bits.
type DeviceID uint32

// MaxDeviceID is the largest [DeviceID].
const MaxDeviceID DeviceID = dm.MaxThinDeviceID

// send sends a message to the pool. When the pool's state is why it fails, the
// error is a [*StateError].
func (p *Pool) send(op string, id *DeviceID, format string, args ...any) error {
	_, err := p.dev.Message(0, fmt.Sprintf(format, args...))
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.EOPNOTSUPP) {
		// The kernel's answer to every message while metadata cannot change.
		if s, statusErr := p.Status(); statusErr == nil && s.Err() != nil {
			err = s.Err()
		}
	}
	return &Error{Op: op, Pool: p.name, ID: id, Err: err}
}

// checkID refuses what the kernel would refuse without saying why.
func (p *Pool) checkID(op string, ids ...DeviceID) error {
	for _, id := range ids {
		if id > MaxDeviceID {
			return &Error{Op: op, Pool: p.name, ID: &id, Err: fmt.Errorf("id has more than 24 bits: %w", syscall.EINVAL)}
		}
	}
	return nil
}

// refuse fails with a [*StateError] where the pool is in one of the states.
func (p *Pool) refuse(op string, id *DeviceID, states ...State) error {
	s, err := p.Status()
	if err != nil {
		return err
	}
	if slices.Contains(states, s.State) {
		return &Error{Op: op, Pool: p.name, ID: id, Err: s.Err()}
	}
	return nil
}

// CreateThin makes an empty device. It fails with [fs.ErrExist] where the id is
// taken. It is refused with [ErrNoDataSpace] where the pool has no block for
// it: the kernel would make it all the same.
func (p *Pool) CreateThin(id DeviceID) error {
	const op = "create"
	if err := p.checkID(op, id); err != nil {
		return err
	}
	if err := p.refuse(op, &id, OutOfDataSpace); err != nil {
		return err
	}
	return p.send(op, &id, "create_thin %d", id)
}

// CreateSnapshot makes snap, a device that shares all blocks of origin. Where
// origin is active, it is suspended meanwhile, with its file system frozen,
// and resumed in any case: the kernel would take the snapshot without, and the
// origin would go on to write into shared blocks. It fails with [fs.ErrExist]
// where snap is taken and [fs.ErrNotExist] where origin is missing. In a pool
// that is not writable it is refused with a [*StateError] before the origin is
// suspended: of a pool out of data space, what waits for space could not be
// flushed.
//
// The suspend waits for I/O that is under way, and for that ctx cannot end it.
func (p *Pool) CreateSnapshot(ctx context.Context, snap, origin DeviceID) (err error) {
	const op = "create snapshot"
	if err := p.checkID(op, snap, origin); err != nil {
		return err
	}
	if err := p.refuse(op, &snap, OutOfDataSpace, OutOfMetadataSpace, ReadOnly, Failed); err != nil {
		return err
	}
	active, err := p.activeDevices(origin)
	if err != nil {
		return &Error{Op: op, Pool: p.name, ID: &snap, Err: err}
	}
	for _, dev := range active {
		if err := ctx.Err(); err != nil {
			return &Error{Op: op, Pool: p.name, ID: &snap, Err: err}
		}
		info, infoErr := dev.Info()
		if infoErr == nil && info.Suspended {
			continue // somebody else's suspend, and theirs to end
		}
		suspendErr := dev.Suspend(dm.SuspendOptions{})
		if suspendErr != nil {
			return &Error{Op: op, Pool: p.name, ID: &snap, Err: suspendErr}
		}
		defer func() {
			resumeErr := dev.Resume(context.WithoutCancel(ctx), dm.SuspendOptions{})
			if resumeErr != nil {
				err = errors.Join(err, &Error{Op: op, Pool: p.name, ID: &snap, Err: resumeErr})
			}
		}()
	}
	if err := ctx.Err(); err != nil {
		return &Error{Op: op, Pool: p.name, ID: &snap, Err: err}
	}
	return p.send(op, &snap, "create_snap %d %d", snap, origin)
}

// activeDevices returns the device-mapper devices that are the pool's device
// id. The kernel allows more than one.
func (p *Pool) activeDevices(id DeviceID) ([]*dm.Device, error) {
	all, err := p.conn.List()
	if err != nil {
		return nil, err
	}
	var active []*dm.Device
	for _, entry := range all {
		dev := p.conn.Device(dm.ByDev(entry.Dev)) // whose name may change meanwhile
		table, err := dev.Table(dm.TableQuery{})
		if errors.Is(err, syscall.ENXIO) {
			continue // removed since it was listed
		}
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(table, func(s dm.Segment) bool {
			t, ok := s.Target.(dm.Thin)
			return ok && t.Pool.Dev == p.num && t.DeviceID == uint32(id)
		}) {
			active = append(active, dev)
		}
	}
	return active, nil
}

// Delete deletes a device, and frees the blocks that only it has. It fails with
// [fs.ErrNotExist], and with EBUSY where the device is active.
func (p *Pool) Delete(id DeviceID) error {
	const op = "delete"
	if err := p.checkID(op, id); err != nil {
		return err
	}
	return p.send(op, &id, "delete %d", id)
}

// SetTransactionID changes the pool's transaction id from one to another. It
// fails with [ErrTransaction] where the pool has a third one.
func (p *Pool) SetTransactionID(from, to uint64) error {
	const op = "set transaction id of"
	err := p.send(op, nil, "set_transaction_id %d %d", from, to)
	if errors.Is(err, syscall.EINVAL) {
		if s, statusErr := p.CommitStatus(); statusErr == nil && s.TransactionID != from {
			return p.fault(op, fmt.Errorf("%w: the pool has %d, expected %d", ErrTransaction, s.TransactionID, from))
		}
	}
	return err
}

// ReserveMetadataSnapshot keeps the metadata as it is now readable, at the
// block that [Status.HeldRoot] then names, while the pool goes on. It fails
// with EBUSY where one is held already.
func (p *Pool) ReserveMetadataSnapshot() error {
	return p.send("reserve metadata snapshot of", nil, "reserve_metadata_snap")
}

// ReleaseMetadataSnapshot gives the metadata snapshot up. It fails with EINVAL
// where none is held.
func (p *Pool) ReleaseMetadataSnapshot() error {
	return p.send("release metadata snapshot of", nil, "release_metadata_snap")
}
