package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

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
}

// newOwn makes and locks the run's directory below dir.
func newOwn(conn *dm.Conn, dir string) (*own, error) {
	id := strings.ReplaceAll(uuid.NewString(), "-", "")[:8]
	o := &own{conn: conn, id: id, dir: filepath.Join(dir, namePrefix+id)}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	o.undo = append(o.undo, func(context.Context) error { return os.RemoveAll(o.dir) })
	lock, err := os.OpenFile(filepath.Join(o.dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		o.lock = lock
		_, err = ioctl.TryLock(lock, true)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compare: %w", err), o.close(context.Background()))
	}
	return o, nil
}

// close undoes everything, also after ctx has ended.
func (o *own) close(ctx context.Context) error { return o.closeTo(ctx, 0) }

// closeTo undoes everything but the first n steps.
func (o *own) closeTo(ctx context.Context, n int) error {
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for len(o.undo) > n {
		last := len(o.undo) - 1
		step := o.undo[last]
		o.undo = o.undo[:last]
		errs = append(errs, step(ctx))
	}
	if n == 0 && o.lock != nil {
		errs = append(errs, o.lock.Close())
		o.lock = nil
	}
	return errors.Join(errs...)
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
