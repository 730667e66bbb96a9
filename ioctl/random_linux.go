package ioctl

import "golang.org/x/sys/unix"

// ReadRandom fills b with the kernel's random bytes, as crypto/rand does, whose
// generator costs a program more at its start than all the IDs that it makes.
func ReadRandom(b []byte) {
	for len(b) > 0 {
		n, err := ignoringEINTR(func() (int, error) { return unix.Getrandom(b, 0) })
		if err != nil {
			panic("getrandom: " + err.Error()) // there since Linux 3.17, and without a way to fail
		}
		b = b[n:]
	}
}
