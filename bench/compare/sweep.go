package compare

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/thin"
)

// Sweep removes what runs left that were killed: their devices, loop devices
// and directories below dir, and nothing else. A run whose lock is held is
// alive, and is left alone; so is a device whose run has no directory below
// dir. It returns the ids of the runs that it removed.
func Sweep(ctx context.Context, conn *dm.Conn, dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var swept []string
	var errs []error
	for _, e := range entries {
		id, ok := strings.CutPrefix(e.Name(), namePrefix)
		if !ok || !e.IsDir() {
			continue
		}
		dead, err := sweepRun(ctx, conn, id, filepath.Join(dir, e.Name()))
		if err != nil {
			errs = append(errs, err)
		} else if dead {
			swept = append(swept, id)
		}
	}
	return swept, errors.Join(errs...)
}

// sweepRun removes one run, and reports false where it is alive.
func sweepRun(ctx context.Context, conn *dm.Conn, id, dir string) (bool, error) {
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	defer lock.Close()
	if dead, err := ioctl.TryLock(lock, true); err != nil || !dead {
		return false, err
	}
	if err := sweepDevices(ctx, conn, uuidPrefix+id+"-"); err != nil {
		return false, err
	}
	if err := sweepLoops(dir); err != nil {
		return false, err
	}
	return true, os.RemoveAll(dir)
}

// sweepDevices removes the devices with the given UUID prefix, the ones on top
// first: those below are busy until then.
func sweepDevices(ctx context.Context, conn *dm.Conn, prefix string) error {
	for {
		left, err := conn.ListMatching(dm.Filter{UUID: prefix})
		if err != nil || len(left) == 0 {
			return err
		}
		for _, e := range left {
			if err := unblock(ctx, conn, e); err != nil {
				return err
			}
		}
		removed := false
		var errs []error
		for _, e := range left {
			err := conn.Device(dm.ByUUID(e.UUID)).Remove(ctx, dm.RemoveOptions{})
			removed = removed || err == nil
			errs = append(errs, err)
		}
		if !removed {
			return errors.Join(errs...)
		}
	}
}

// unblock lets a device go that would hold up its own removal, or that of
// those on top of it: one that was left suspended, and a pool that queues what
// it has no space for.
func unblock(ctx context.Context, conn *dm.Conn, e dm.Entry) error {
	dev := conn.Device(dm.ByUUID(e.UUID))
	info, err := dev.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Suspended {
		if err := dev.Resume(ctx, dm.SuspendOptions{NoFlush: true, SkipLockFS: true}); err != nil {
			return err
		}
	}
	table, err := dev.Table(dm.TableQuery{})
	if err != nil || len(table) != 1 || table[0].Target.Type() != (dm.ThinPool{}).Type() {
		return err
	}
	pool, err := thin.OpenPool(conn, dev.ID())
	if err != nil {
		return err
	}
	return stopQueueing(ctx, pool)
}

// stopQueueing makes a pool fail what it holds back for want of space.
func stopQueueing(ctx context.Context, pool *thin.Pool) error {
	status, err := pool.Status()
	if err != nil || status.State != thin.OutOfDataSpace || status.Kernel.ErrorIfNoSpace {
		return err
	}
	cfg, err := pool.Config()
	if err != nil {
		return err
	}
	cfg.NoSpace = thin.ErrorIfNoSpace
	return pool.Reload(ctx, cfg)
}

// sweepLoops detaches the loop devices whose file is in dir.
func sweepLoops(dir string) error {
	files, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		backing, err := os.ReadFile(file)
		if err != nil {
			continue // detached meanwhile
		}
		path := strings.TrimSuffix(strings.TrimSpace(string(backing)), " (deleted)")
		if filepath.Dir(path) != dir {
			continue
		}
		loop := filepath.Base(filepath.Dir(filepath.Dir(file)))
		if err := ioctl.DetachLoop("/dev/" + loop); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
