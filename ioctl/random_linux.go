package ioctl

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// ReadRandom fills b with the kernel's random bytes, as crypto/rand does, whose
// generator costs a program more at its start than all the IDs that it makes. So
// does, in a short program, what the vDSO has for it, which unix.Getrandom uses:
// the state that it maps first.
func ReadRandom(b []byte) {
	for len(b) > 0 {
		n, _, errno := unix.Syscall(unix.SYS_GETRANDOM, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0)
		switch errno {
		case 0:
			b = b[n:]
		case unix.EINTR:
		default:
			panic("getrandom: " + errno.Error()) // there since Linux 3.17, and without a way to fail
		}
	}
}
