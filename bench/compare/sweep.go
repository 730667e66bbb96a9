package compare

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/thin"
)

// Sweep removes what runs left that were killed: their devices, loop devices
// and directories below dir, and nothing else. A run whose lock is held is
// alive, and is left alone, unless it was killed and hangs in a write that its
// full pool holds back: then the pool is told to fail it. A device whose run has
// no directory below dir is left alone too. It returns the ids of the runs that
// it removed.
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
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		// A run locks before it makes anything else. One that begins at this
		// moment puts up with the loss of its directory.
		return os.Remove(dir) == nil, nil
	}
	if err != nil {
		return false, err
	}
	defer lock.Close()
	prefix := uuidPrefix + id + "-"
	dead, err := ioctl.TryLock(lock, true)
	if err == nil && !dead {
		dead, err = finish(ctx, conn, lock, prefix)
	}
	if err != nil || !dead {
		return false, err
	}
	if err := sweepDevices(ctx, conn, prefix); err != nil {
		return false, err
	}
	if err := sweepLoops(dir); err != nil {
		return false, err
	}
	return true, os.RemoveAll(dir)
}

// finishing is how long a process that was killed may take to end once nothing
// holds it up.
const finishing = 10 * time.Second

// finish ends a run that was killed and cannot die, because its own pool holds
// back what it writes. It reports whether lock, which the run had, is held now.
func finish(ctx context.Context, conn *dm.Conn, lock *os.File, prefix string) (bool, error) {
	text := make([]byte, 64)
	n, err := lock.ReadAt(text, 0)
	if err != nil && err != io.EOF || !parseProcess(string(text[:n])).dying() {
		return false, nil
	}
	if err := unblockAll(ctx, conn, prefix); err != nil {
		return false, err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(finishing)
	defer limit.Stop()
	for {
		if locked, err := ioctl.TryLock(lock, true); err != nil || locked {
			return locked, err
		}
		select {
		case <-tick.C:
		case <-limit.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// unblockAll unblocks the devices with the given UUID prefix.
func unblockAll(ctx context.Context, conn *dm.Conn, prefix string) error {
	devices, err := conn.ListMatching(dm.Filter{UUID: prefix})
	if err != nil {
		return err
	}
	for _, e := range devices {
		if err := unblock(ctx, conn, e); err != nil {
			return err
		}
	}
	return nil
}

// sweepDevices removes the devices with the given UUID prefix, the ones on top
// first: those below are busy until then.
func sweepDevices(ctx context.Context, conn *dm.Conn, prefix string) error {
	if err := unblockAll(ctx, conn, prefix); err != nil {
		return err
	}
	retry := time.Duration(0)
	for {
		left, err := conn.ListMatching(dm.Filter{UUID: prefix})
		if err != nil || len(left) == 0 {
			return err
		}
		removed := false
		var errs []error
		for _, e := range left {
			err := conn.Device(dm.ByUUID(e.UUID)).Remove(ctx, dm.RemoveOptions{Retry: retry})
			removed = removed || err == nil
			errs = append(errs, err)
		}
		switch {
		case removed:
			retry = 0
		case retry > 0:
			return errors.Join(errs...)
		default:
			retry = removeRetry
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
	loops, err := loopFiles()
	if err != nil {
		return err
	}
	// The kernel shows a file's path without links.
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	var errs []error
	for loop, file := range loops {
		if filepath.Dir(file) != dir {
			continue
		}
		if err := ioctl.DetachLoop(loop); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// loopFiles are the files of the machine's loop devices, by the path of each
// device.
func loopFiles() (map[string]string, error) {
	paths, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // detached meanwhile
		}
		loop := "/dev/" + filepath.Base(filepath.Dir(filepath.Dir(path)))
		files[loop] = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), " (deleted)")
	}
	return files, nil
}
