package dm

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/rok-storage/rok/ioctl"
)

// RemoveOptions says how a device is removed. The zero value removes it now or
// not at all.
type RemoveOptions struct {
	// Deferred leaves a device that is open to go away at its last close.
	// Needs device-mapper 4.27. See [Device.CancelDeferredRemove].
	Deferred bool
	// Retry is how long a device that is open is tried again: udev's rules
	// open new devices for a moment to look at them. Zero: not again.
	Retry time.Duration
	// NoHolders leaves [BusyError.Holders] empty. To find them, every device of
	// the machine is asked.
	NoHolders bool
	// Dev is the device's number, where the caller knows it: it is not asked
	// for then. It only counts for a device that is named by its name.
	Dev  Dev
	Udev UdevOptions
}

// Remove takes the device away, with its tables and its node. Where it is open
// it fails with a [*BusyError], unless opts says otherwise.
//
// It waits for udev's rules where they run; if ctx ends meanwhile the device
// is gone all the same, and the error is the context's.
func (d *Device) Remove(ctx context.Context, opts RemoveOptions) error {
	var before Info // whose node goes, too
	switch {
	case opts.Dev != Dev{} && d.id.name != "":
		before.Name, before.Dev = d.id.name, opts.Dev
	case !d.conn.leavesNodes():
		if err := d.ReadInfo(&before); err != nil {
			return renamed(err, ioctl.DevRemove.String())
		}
	}
	r := request{cmd: ioctl.DevRemove}
	if opts.Deferred {
		r.flags |= ioctl.FlagDeferredRemove
	}
	info, err := d.withUdev(ctx, &r, opts.Udev)
	if errors.Is(err, syscall.EBUSY) && opts.Retry > 0 {
		info, err = d.retryRemove(ctx, r, opts)
	}
	switch {
	case errors.Is(err, syscall.EBUSY):
		return d.busy(ctx, err, opts)
	case err != nil && !onlyWait(err):
		return err
	case opts.Deferred && info.DeferredRemove:
		return nil // it stays until its last close, and so does its node
	}
	return errors.Join(err, opts.Udev.node(func() error { return d.conn.removeNode(before.Name, before.Dev, opts.Udev) }))
}

// undoPatience is how long udev may take with a device that is taken back.
const undoPatience = 2 * time.Second

// undo removes a device that was just made, though ctx may have ended: udev's
// rules may have it open at that moment, and need not answer. What stays open
// goes at its last close.
func (d *Device) undo(ctx context.Context, udev UdevFlags) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoPatience)
	defer cancel()
	opts := RemoveOptions{Retry: undoPatience, Udev: UdevOptions{Flags: udev}}
	err := d.Remove(ctx, opts)
	if errors.Is(err, syscall.EBUSY) {
		opts.Deferred, opts.Retry = true, 0
		err = d.Remove(ctx, opts)
	}
	if onlyWait(err) {
		return nil
	}
	return err
}

// retryRemove tries again until the device is not open any more. There is no
// event to wait for: the kernel tells nobody that a device was closed.
func (d *Device) retryRemove(ctx context.Context, r request, opts RemoveOptions) (info Info, err error) {
	deadline := time.NewTimer(opts.Retry)
	defer deadline.Stop()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		again := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			again.Stop()
			return info, &Error{Op: r.op(), Device: d.id.String(), Err: errors.Join(ctx.Err(), syscall.EBUSY)}
		case <-deadline.C:
			again.Stop()
			return d.withUdev(ctx, &r, opts.Udev)
		case <-again.C:
		}
		if info, err = d.withUdev(ctx, &r, opts.Udev); !errors.Is(err, syscall.EBUSY) {
			return info, err
		}
	}
}

// busy says who holds the device, as far as the kernel tells, and what ended
// the attempts early.
func (d *Device) busy(ctx context.Context, err error, opts RemoveOptions) error {
	info, infoErr := d.Info()
	e, ok := errors.AsType[*Error](err)
	if infoErr != nil || !ok {
		return err
	}
	busy := &BusyError{OpenCount: info.OpenCount}
	if !opts.NoHolders {
		busy.Holders = d.conn.holders(info.Dev)
	}
	e.Err = busy
	if ctxErr := ctx.Err(); ctxErr != nil {
		e.Err = fmt.Errorf("%w; %w", ctxErr, e.Err)
	}
	return e
}

// holders lists the devices whose tables use dev. What cannot be asked is left
// out: the list explains an error, and must not cause another.
func (c *Conn) holders(dev Dev) []string {
	var names []string
	all, _ := c.List()
	for _, entry := range all {
		deps, _ := c.Device(ByDev(entry.Dev)).Deps()
		for _, dep := range deps {
			if dep == dev {
				names = append(names, entry.Name)
			}
		}
	}
	return names
}

// CancelDeferredRemove makes a device that waits for its last close stay.
// Needs device-mapper 4.27.
func (d *Device) CancelDeferredRemove() error {
	_, err := d.Message(0, "@cancel_deferred_remove")
	return err
}

// RemoveAll removes every device on the machine that is not open, whoever made
// it. It is there for rescue systems.
func (c *Conn) RemoveAll() error { return c.do(&request{cmd: ioctl.RemoveAll}, nil) }

// renamed changes the operation in err to the one that the caller asked for.
func renamed(err error, op string) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Op = op
	}
	return err
}
