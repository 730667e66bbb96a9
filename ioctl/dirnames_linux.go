package ioctl

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// DirNames are the names of what is in a directory, in the kernel's order: what
// [os.ReadDir] has, which also sorts them, asks the poller, and keeps 8 KiB. It is for the
// small directories of sysfs. The error is an [*fs.PathError].
func DirNames(path string) ([]string, error) {
	fd, err := ignoringEINTR(func() (int, error) {
		return unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd) // only read
	var names []string
	var entries [1024]byte // an entry has 280 bytes at most
	for {
		n, err := ignoringEINTR(func() (int, error) { return unix.ReadDirent(fd, entries[:]) })
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if n == 0 {
			return names, nil
		}
		_, _, names = unix.ParseDirent(entries[:n], -1, names)
	}
}
