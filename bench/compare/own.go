package compare

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

const (
	namePrefix = "rok-compare-"
	uuidPrefix = "ROK-COMPARE-"
	lockFile   = "lock"
	imageFile  = "backing.img"
)

// own is what one run has made: devices, a loop, a directory. Everything is
// undone in reverse order by close.
type own struct {
	conn *dm.Conn
	id   string // 8 hexadecimal digits
	dir  string
	lock *os.File
	undo []func(context.Context) error
	left bool // a step of undo failed
}

// LeftError says that a run could not remove all that it had made. The next run
// tries again: see [Sweep].
type LeftError struct{ Err error }

// Error prints, for example, `compare: left behind, for the next run to remove: dm: remove "rok-compare-…": …`.
func (e *LeftError) Error() string {
	return "compare: left behind, for the next run to remove: " + e.Err.Error()
}

// Unwrap returns Err.
func (e *LeftError) Unwrap() error { return e.Err }

// newOwn makes and locks the run's directory below dir.
func newOwn(conn *dm.Conn, dir string) (*own, error) {
	for {
		o, err := tryOwn(conn, dir)
		if o != nil || err != nil {
			return o, err
		}
	}
}

// tryOwn is newOwn, but for another run's [Sweep], which may take a directory
// that is not locked yet for a dead run's, and remove it; then tryOwn returns
// nil.
func tryOwn(conn *dm.Conn, dir string) (*own, error) {
	var random [4]byte
	ioctl.ReadRandom(random[:])
	id := hex.EncodeToString(random[:])
	o := &own{conn: conn, id: id, dir: filepath.Join(dir, namePrefix+id)}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	path := filepath.Join(o.dir, lockFile)
	lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compare: %w", err), os.RemoveAll(o.dir))
	}
	o.lock = lock
	locked, err := ioctl.TryLock(lock, true)
	if err == nil {
		_, err = lock.WriteString(thisProcess().String())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compare: %w", err), o.close(context.Background()))
	}
	mine, err := lock.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compare: %w", err), o.close(context.Background()))
	}
	if there, err := os.Stat(path); !locked || err != nil || !os.SameFile(mine, there) {
		return nil, lock.Close()
	}
	return o, nil
}

// close undoes everything, also after ctx has ended. Where that fails the
// directory stays: by it the next run knows whose the rest is.
func (o *own) close(ctx context.Context) error {
	err := o.closeTo(ctx, 0)
	if !o.left {
		err = errors.Join(err, os.RemoveAll(o.dir))
	}
	return errors.Join(err, o.lock.Close())
}

// closeTo undoes everything but the first n steps. It fails with a
// [*LeftError].
func (o *own) closeTo(ctx context.Context, n int) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for len(o.undo) > n {
		last := len(o.undo) - 1
		step := o.undo[last]
		o.undo = o.undo[:last]
		errs = append(errs, step(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		o.left = true
		return &LeftError{err}
	}
	return nil
}

// onClose adds a step to be done before all earlier ones.
func (o *own) onClose(step func(context.Context) error) { o.undo = append(o.undo, step) }

func (o *own) name(what string) string { return namePrefix + o.id + "-" + what }
func (o *own) uuid(what string) string { return uuidPrefix + o.id + "-" + what }

// device makes a device of the run's own.
func (o *own) device(ctx context.Context, what string, table dm.Table) (*dm.Device, dm.BlockDev, error) {
	dev, err := o.conn.Create(ctx, dm.CreateRequest{Name: o.name(what), UUID: o.uuid(what), Table: table})
	if err != nil {
		return nil, dm.BlockDev{}, err
	}
	o.onClose(func(ctx context.Context) error { return removeIfThere(ctx, dev) })
	info, err := dev.Info()
	return dev, dm.BlockDev{Dev: info.Dev}, err
}

// removeRetry is how long a device that is open is tried again: udev's rules
// look at new devices for a moment.
const removeRetry = 5 * time.Second

// removeIfThere removes a device that may be gone already.
func removeIfThere(ctx context.Context, dev *dm.Device) error {
	err := dev.Remove(ctx, dm.RemoveOptions{Retry: removeRetry})
	if there, existsErr := dev.Exists(); existsErr == nil && !there {
		return nil
	}
	return err
}

// image makes a sparse file of the run's own and attaches a loop device to it.
func (o *own) image(size units.Bytes) (*ioctl.Loop, error) {
	// A write to a sparse file that finds no space fails late, and as EIO.
	if free, err := freeSpace(o.dir); err == nil && free < size {
		return nil, fmt.Errorf("compare: backing file in %s: %v are free, %v are needed: %w", filepath.Dir(o.dir), free, size, syscall.ENOSPC)
	}
	path := filepath.Join(o.dir, imageFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("compare: backing file: %w", err)
	}
	if err := errors.Join(f.Truncate(int64(size)), f.Close()); err != nil {
		return nil, fmt.Errorf("compare: backing file: %w", err)
	}
	// With AutoClear the kernel detaches it even if this process is killed.
	loop, err := ioctl.AttachLoop(path, ioctl.LoopConfig{DirectIO: true, AutoClear: true})
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	o.onClose(func(context.Context) error { return errors.Join(loop.Detach(), os.Remove(path)) })
	return loop, nil
}
