package ioctl

import (
	"os"

	"golang.org/x/sys/unix"
)

// TryLock takes a lock on f without waiting: shared with other shared ones, or
// exclusive. It returns false where someone else holds a lock in the way. The
// lock belongs to the open file: it ends with its last descriptor, also when
// the process dies. See flock(2).
func TryLock(f *os.File, exclusive bool) (bool, error) {
	how := unix.LOCK_SH | unix.LOCK_NB
	if exclusive {
		how = unix.LOCK_EX | unix.LOCK_NB
	}
	locked := true
	err := onFile(f, "lock", func(fd uintptr) error {
		_, err := ignoringEINTR(func() (struct{}, error) { return struct{}{}, unix.Flock(int(fd), how) })
		if err == unix.EWOULDBLOCK {
			locked, err = false, nil
		}
		return err
	})
	return locked && err == nil, err
}

// Unlock gives up the lock that [TryLock] took.
func Unlock(f *os.File) error {
	return onFile(f, "unlock", func(fd uintptr) error { return unix.Flock(int(fd), unix.LOCK_UN) })
}
