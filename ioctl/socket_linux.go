package ioctl

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// DialSocket connects to the packet socket (SOCK_SEQPACKET, unix(7)) at path,
// says nothing and hangs up. It does not wait. It fails with ECONNREFUSED where
// nobody listens any more, with EAGAIN where the queue of those that want to be
// heard is full, and with an [*fs.PathError] throughout.
func DialSocket(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return &fs.PathError{Op: "connect", Path: path, Err: err}
	}
	err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	if closeErr := unix.Close(fd); err == nil {
		err = closeErr
	}
	if err != nil {
		return &fs.PathError{Op: "connect", Path: path, Err: err}
	}
	return nil
}
