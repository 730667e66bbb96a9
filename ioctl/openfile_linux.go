package ioctl

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// OpenFile is [os.OpenFile] for what the runtime's poller has no use for: files and
// block devices, which it is asked about with four system calls each all the same.
// Reads and writes keep a thread. The error is an [*fs.PathError].
func OpenFile(path string, flags int, mode fs.FileMode) (*os.File, error) {
	fd, err := ignoringEINTR(func() (int, error) {
		return unix.Open(path, flags|unix.O_CLOEXEC|unix.O_LARGEFILE, uint32(mode.Perm()))
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// ReadFile is [os.ReadFile] without the poller.
func ReadFile(path string) ([]byte, error) {
	fd, err := ignoringEINTR(func() (int, error) {
		return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_LARGEFILE, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd) // only read
	b := make([]byte, 0, fileRoom)
	for {
		n, err := ignoringEINTR(func() (int, error) { return unix.Read(fd, b[len(b):cap(b)]) })
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if n == 0 {
			return b, nil
		}
		if b = b[:len(b)+n]; len(b) == cap(b) {
			b = append(b, make([]byte, len(b))...)[:len(b)]
		}
	}
}

// fileRoom is how much is read of a file at first.
const fileRoom = 4 << 10
