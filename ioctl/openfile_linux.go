package ioctl

import (
	"bytes"
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

// Stat is stat(2): [os.Stat] without its values on the heap. The error is an
// [*fs.PathError].
func Stat(path string, st *unix.Stat_t) error {
	_, err := ignoringEINTR(func() (struct{}, error) { return struct{}{}, unix.Stat(path, st) })
	if err != nil {
		return &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return nil
}

// ReadFile is [os.ReadFile] without the poller.
func ReadFile(path string) ([]byte, error) {
	fd, err := ignoringEINTR(func() (int, error) {
		return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_LARGEFILE, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)     // only read
	var first [fileRoom]byte // on the stack: most files are shorter, and a buffer costs new pages
	n, err := fill(fd, first[:])
	if n < len(first) && err == nil {
		return bytes.Clone(first[:n]), nil
	}
	b := append(make([]byte, 0, 2*fileRoom), first[:n]...)
	for err == nil {
		if n, err = fill(fd, b[len(b):cap(b)]); n < cap(b)-len(b) && err == nil {
			return b[:len(b)+n], nil
		}
		b = b[:len(b)+n]
		b = append(b, make([]byte, len(b))...)[:len(b)]
	}
	return nil, &fs.PathError{Op: "read", Path: path, Err: err}
}

// fileRoom is how much is read of a file at first.
const fileRoom = 4 << 10

// fill reads until b is full, or the file ends.
func fill(fd int, b []byte) (done int, err error) {
	for done < len(b) {
		n, err := ignoringEINTR(func() (int, error) { return unix.Read(fd, b[done:]) })
		if n <= 0 {
			return done, err
		}
		done += n
	}
	return done, nil
}
