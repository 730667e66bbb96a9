package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"golang.org/x/sys/unix"
)

// lockDir has the files that are locked, empty ones; each is for some of the directories.
const (
	lockDir   = "@lock"
	lockFiles = 64
)

func lockName(dir string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(dir))
	return fmt.Sprintf("%02x", h.Sum32()%lockFiles)
}

// lock takes the lock of a directory's names, for a change. It is given back by closing.
func (d *Dir) lock(ctx context.Context, dir string) (handle, error) {
	folder, err := d.own(lockDir)
	if err != nil {
		return nowhere, err
	}
	defer folder.close()
	file, err := openAt(folder, lockName(dir), unix.O_RDWR|unix.O_CREAT, 0o600)
	if err != nil {
		return nowhere, err
	}
	return file, wait(ctx, file, unix.LOCK_EX)
}

// lockShared takes the lock to read. Who may not, or where nobody has changed anything yet, reads without.
func (d *Dir) lockShared(ctx context.Context, dir string) (handle, error) {
	folder, err := openAt(d.root, lockDir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nowhere, unlocked(err)
	}
	defer folder.close()
	file, err := openAt(folder, lockName(dir), unix.O_RDONLY, 0)
	if err != nil {
		return nowhere, unlocked(err)
	}
	return file, wait(ctx, file, unix.LOCK_SH)
}

func unlocked(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES) {
		return nil
	}
	return err
}

// wait tries until it has the lock, or the context ends. It closes the file if it fails. Locks are held for the
// time of a few system calls.
func wait(ctx context.Context, file handle, how int) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		ok, err := file.tryLock(how)
		if ok {
			return nil
		}
		if err == nil {
			timer := time.NewTimer(pause)
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-timer.C:
			}
			timer.Stop()
		}
		if err != nil {
			_ = file.close()
			return err
		}
	}
}

// own opens one of the bucket's own directories, and makes it where it is missing.
func (d *Dir) own(name string) (handle, error) {
	dir, err := openAt(d.root, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if !errors.Is(err, unix.ENOENT) {
		return dir, err
	}
	if err := d.root.mkdir(name); err != nil && !errors.Is(err, unix.EEXIST) {
		return nowhere, err
	}
	return openAt(d.root, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
}
