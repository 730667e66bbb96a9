package ioctl

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// LockMemory keeps all memory that the process has now, its program among it,
// from being taken away: mlockall(2). A program that suspends the device it was
// started from would otherwise wait for itself. It needs CAP_IPC_LOCK or room
// below RLIMIT_MEMLOCK.
func LockMemory() error {
	if err := unix.Mlockall(unix.MCL_CURRENT); err != nil {
		return fmt.Errorf("lock memory: %w", err)
	}
	return nil
}

// UnlockMemory undoes every [LockMemory] of the process.
func UnlockMemory() error {
	if err := unix.Munlockall(); err != nil {
		return fmt.Errorf("unlock memory: %w", err)
	}
	return nil
}
