package ioctl

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// ReadOnce opens a file, reads what one read gives of its beginning, and closes
// it: three system calls. It is for the files of sysfs and procfs, which are read
// as a whole or not at all; [os.ReadFile] makes ten of it, since it asks the
// poller. The error is an [*fs.PathError].
func ReadOnce(path string, b []byte) (int, error) {
	fd, err := ignoringEINTR(func() (int, error) { return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	n, err := ignoringEINTR(func() (int, error) { return unix.Read(fd, b) })
	_ = unix.Close(fd) // only read
	if err != nil {
		return 0, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return n, nil
}
