package ioctl

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// MakeBlockNode makes a block device node at path, mode 0600, for the device
// number dev in the kernel's "huge" encoding. The error is an [*fs.PathError].
func MakeBlockNode(path string, dev uint64) error {
	if err := unix.Mknod(path, unix.S_IFBLK|0o600, int(dev)); err != nil {
		return &fs.PathError{Op: "make node", Path: path, Err: err}
	}
	return nil
}

// NodeDev returns the device number, in "huge" encoding, of the block device
// node at path, following links. It fails with ENOTBLK where path is something
// else, and with an [*fs.PathError] throughout.
func NodeDev(path string) (uint64, error) {
	var st unix.Stat_t
	err := unix.Stat(path, &st)
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFBLK {
		err = unix.ENOTBLK
	}
	if err != nil {
		return 0, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return uint64(st.Rdev), nil
}
