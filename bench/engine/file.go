package engine

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"golang.org/x/sys/unix"
)

// ErrNotBlocks says that a path is neither a regular file nor a block device.
var ErrNotBlocks = errors.New("neither a regular file nor a block device")

// OpenFlags say how [OpenFile] opens.
type OpenFlags struct {
	// Write opens for reading and writing; otherwise reading only.
	Write bool
	// Direct bypasses the page cache (O_DIRECT).
	Direct bool
	// Claim keeps others from claiming a block device (O_EXCL): mounts,
	// device-mapper tables, swap. Where one of them has it, OpenFile fails
	// with EBUSY. Regular files are opened without.
	Claim bool
}

// File is a regular file or block device open for I/O.
type File struct {
	fd    int
	path  string
	size  int64
	block bool
}

// OpenFile opens an existing regular file or block device. It never creates
// or truncates. Errors are *fs.PathError; other kinds of file are
// [ErrNotBlocks].
func OpenFile(path string, flags OpenFlags) (*File, error) {
	f := &File{fd: -1, path: path}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return nil, f.error("stat", err)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFBLK:
		f.block = true
	default:
		return nil, f.error("open", ErrNotBlocks)
	}
	mode := unix.O_RDONLY
	if flags.Write {
		mode = unix.O_RDWR
	}
	if flags.Direct {
		mode |= unix.O_DIRECT
	}
	if flags.Claim && f.block {
		mode |= unix.O_EXCL
	}
	fd, err := unix.Open(path, mode|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, f.error("open", err)
	}
	f.fd = fd
	// The end of a block device is its size, as it is a regular file's.
	if f.size, err = unix.Seek(fd, 0, io.SeekEnd); err != nil {
		return nil, closeAfter(f.error("seek", err), f.Close())
	}
	return f, nil
}

// FD is the descriptor; it stays f's.
func (f *File) FD() int { return f.fd }

// Size is the length in bytes at the time of opening.
func (f *File) Size() int64 { return f.size }

// IsBlock says whether f is a block device.
func (f *File) IsBlock() bool { return f.block }

// DropCache writes back what the page cache holds of f and drops it, so that
// buffered reads begin at the device.
func (f *File) DropCache() error {
	if err := unix.Fdatasync(f.fd); err != nil && !errors.Is(err, unix.EINVAL) {
		return f.error("fdatasync", err)
	}
	if err := unix.Fadvise(f.fd, 0, 0, unix.FADV_DONTNEED); err != nil {
		return f.error("fadvise", err)
	}
	return nil
}

// Close closes f; a second Close is an error.
func (f *File) Close() error {
	fd := f.fd
	f.fd = -1
	if err := unix.Close(fd); err != nil {
		return f.error("close", err)
	}
	return nil
}

func (f *File) error(op string, err error) error {
	return fmt.Errorf("engine: %w", &fs.PathError{Op: op, Path: f.path, Err: err})
}
