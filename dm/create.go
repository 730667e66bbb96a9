package dm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/rok-storage/rok/ioctl"
)

// CreateRequest describes a device to be made.
type CreateRequest struct {
	// Name is required: see [CheckName].
	Name string
	// UUID is optional, and can also be set once later: see [Device.SetUUID].
	UUID string
	// Table is what the device does. Without one the device exists, has no
	// size, and gets no node until a table was loaded and resumed.
	Table Table
	// ReadOnly makes the device refuse writes.
	ReadOnly bool
	// Minor asks for this minor number. Nil: the kernel chooses.
	Minor *uint32
	Udev  UdevOptions
}

// Create makes a device, loads its table and resumes it; then its node is
// there. If a step fails, the device is removed again. It fails with
// [fs.ErrExist] where the name or the UUID is taken, and with a [*NameError] or
// a [*TableError] before the kernel sees anything.
//
// It waits for udev's rules where they run. If ctx ends meanwhile, the device
// is removed, and the error is the context's.
func (c *Conn) Create(ctx context.Context, req CreateRequest) (*Device, error) {
	fault := func(err error) error {
		return &Error{Op: ioctl.DevCreate.String(), Device: req.Name, Err: err}
	}
	if err := CheckName(req.Name); err != nil {
		return nil, fault(err)
	}
	if len(req.Table) > 0 {
		if err := req.Table.Validate(); err != nil {
			return nil, tableFault(&request{cmd: ioctl.TableLoad, id: ByName(req.Name)}, err)
		}
	}
	if req.Minor != nil && *req.Minor >= 1<<20 {
		return nil, fault(fmt.Errorf("minor number %d: at most 20 bits", *req.Minor))
	}
	if err := ctx.Err(); err != nil {
		return nil, fault(err)
	}
	d := c.Device(ByName(req.Name))
	r := request{cmd: ioctl.DevCreate, uuid: req.UUID, minor: req.Minor}
	if _, err := d.do(&r); err != nil {
		return nil, c.whichIsTaken(err, req)
	}
	if len(req.Table) == 0 {
		return d, nil
	}
	err := d.Load(req.Table, TableOptions{ReadOnly: req.ReadOnly})
	if err == nil {
		err = d.Resume(ctx, SuspendOptions{Udev: req.Udev})
	}
	if err != nil {
		return nil, errors.Join(err, d.undo(ctx, req.Udev.Flags))
	}
	return d, nil
}

// whichIsTaken makes the error of create say which of name, UUID and minor
// number is meant. It matches [fs.ErrExist].
func (c *Conn) whichIsTaken(err error, req CreateRequest) error {
	e, ok := errors.AsType[*Error](err)
	if ok && req.Minor != nil && errors.Is(err, syscall.ENXIO) {
		// dm_create fails with nothing else.
		e.Err = fmt.Errorf("minor number %d is taken: %w", *req.Minor, fs.ErrExist)
	}
	if !ok || !errors.Is(err, syscall.EBUSY) {
		return err
	}
	what := ""
	if taken, _ := c.Device(ByName(req.Name)).Exists(); taken {
		what = "name is taken"
	} else if req.UUID != "" {
		if other, infoErr := c.Device(ByUUID(req.UUID)).Info(); infoErr == nil {
			what = fmt.Sprintf("UUID %q is taken by %q", req.UUID, other.Name)
		}
	}
	if what != "" {
		e.Err = fmt.Errorf("%s: %w", what, e.Err)
	}
	return e
}
