package ioctl

import (
	"os"

	"golang.org/x/sys/unix"
)

// TryLock takes a lock on f without waiting: shared with other shared ones, or
// exclusive. It returns false where someone else holds a lock in the way. The
// lock belongs to the open file: it ends with its last descriptor, also when
// the process dies. See flock(2).
func TryLock(f *os.File, exclusive bool) (locked bool, err error) {
	err = onFile(f, "lock", func(fd uintptr) (err error) {
		locked, err = TryLockDescriptor(int(fd), exclusive)
		return err
	})
	return locked, err
}

// TryLockDescriptor is [TryLock] for a descriptor, which must stay open meanwhile.
// The error is the kernel's.
func TryLockDescriptor(fd int, exclusive bool) (bool, error) {
	_, err := ignoringEINTR(func() (struct{}, error) { return struct{}{}, unix.Flock(fd, lockType(exclusive)|unix.LOCK_NB) })
	if err == unix.EWOULDBLOCK {
		return false, nil
	}
	return err == nil, err
}

func lockType(exclusive bool) int {
	if exclusive {
		return unix.LOCK_EX
	}
	return unix.LOCK_SH
}

// Unlock gives up the lock that [TryLock] took.
func Unlock(f *os.File) error {
	return onFile(f, "unlock", func(fd uintptr) error { return unix.Flock(int(fd), unix.LOCK_UN) })
}
