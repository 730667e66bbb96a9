package store

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// handle is an open file or directory. Its calls are the system's, tried again where a signal came
// in between.
type handle int

const nowhere handle = -1

func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// failed names the call of an error.
func failed(call string, err error) error {
	if err == nil {
		return nil
	}
	return os.NewSyscallError(call, err)
}

// openAt opens a name in a directory, and no symbolic link but for a path of the caller's.
func openAt(dir handle, name string, flags int, mode uint32) (handle, error) {
	if dir != unix.AT_FDCWD {
		flags |= unix.O_NOFOLLOW
	}
	fd := -1
	err := again(func() (err error) {
		fd, err = unix.Openat(int(dir), name, flags|unix.O_CLOEXEC, mode)
		return err
	})
	if err != nil {
		return nowhere, failed("openat", err)
	}
	return handle(fd), nil
}

func (h handle) close() error {
	if h < 0 {
		return nil
	}
	return failed("close", unix.Close(int(h)))
}

func (h handle) stat() (unix.Stat_t, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstat(int(h), &st) })
	return st, failed("fstat", err)
}

// statAt asks for a name, and not where a symbolic link leads.
func (h handle) statAt(name string) (unix.Stat_t, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstatat(int(h), name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return st, failed("fstatat", err)
}

func (h handle) sync() error {
	return failed("fsync", again(func() error { return unix.Fsync(int(h)) }))
}

func (h handle) remove(name string) error {
	return failed("unlinkat", again(func() error { return unix.Unlinkat(int(h), name, 0) }))
}

func (h handle) mkdir(name string) error {
	return failed("mkdirat", again(func() error { return unix.Mkdirat(int(h), name, 0o700) }))
}

// readFull reads len(p) bytes; fewer are an error.
func (h handle) readFull(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		var n int
		err := again(func() (err error) { n, err = unix.Pread(int(h), p[done:], off+int64(done)); return err })
		if err != nil {
			return done, failed("pread", err)
		}
		if n == 0 {
			return done, damaged("the file got shorter")
		}
		done += n
	}
	return done, nil
}

// Write appends, as io.Writer says.
func (h handle) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		var n int
		err := again(func() (err error) { n, err = unix.Write(int(h), p[done:]); return err })
		if err != nil {
			return done, failed("write", err)
		}
		done += n
	}
	return done, nil
}

// tryLock tries to take a lock on an open file; it ends with the handle.
func (h handle) tryLock(how int) (bool, error) {
	err := again(func() error { return unix.Flock(int(h), how|unix.LOCK_NB) })
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, failed("flock", err)
}

// names are those in a directory, in no order.
func (h handle) names() ([]string, error) {
	fd, err := openAt(h, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), ".")
	names, err := f.Readdirnames(-1)
	return names, errors.Join(err, f.Close())
}
