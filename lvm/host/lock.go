package host

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
)

// The protocol of lib/misc/lvm-flock.c, as strace shows it:
//
//   - a file is opened with O_CREAT|O_APPEND|O_RDWR, mode 0777 less the umask
//     077, and locked with flock(2); whoever then finds that the path is another
//     file by now, or none, begins again;
//   - whoever wants a lock first takes an exclusive one on "FILE:aux". A writer
//     keeps it until it has FILE, so that no reader comes in front of it; a
//     reader gives it up before it asks for FILE;
//   - whoever gives a lock up removes the file if nobody else has it locked.

const (
	auxSuffix = ":aux"
	lockMode  = 0o700
	lockFlags = unix.O_CREAT | unix.O_APPEND | unix.O_RDWR
)

// lockFile is an open file for a lock. It has no [os.File]: that would be most of
// what a lock costs that nobody else has.
type lockFile struct {
	path     string
	fd       int
	dev, ino uint64 // of the open file; zero: not asked for
	// exclusive says that nobody else has the lock.
	exclusive bool
}

// lockWay is how locks are asked for.
type lockWay struct {
	priority bool // for writers
	wait     bool
}

// errLocked says that someone holds a lock, and that there was to be no wait.
var errLocked = errors.New("locked")

// take takes the lock at path.
func (w lockWay) take(ctx context.Context, path string, exclusive bool) (*lockFile, error) {
	if !w.priority {
		return w.flock(ctx, path, exclusive)
	}
	aux, err := w.flock(ctx, path+auxSuffix, true)
	if err != nil {
		return nil, err
	}
	if !exclusive {
		if err := aux.release(); err != nil {
			return nil, err
		}
		return w.flock(ctx, path, false)
	}
	l, err := w.flock(ctx, path, true)
	if auxErr := aux.release(); err == nil && auxErr != nil {
		return nil, errors.Join(auxErr, l.release())
	}
	return l, err
}

func (w lockWay) flock(ctx context.Context, path string, exclusive bool) (*lockFile, error) {
	for {
		l, err := openLock(path, lockFlags, lockMode)
		if err != nil {
			return nil, err
		}
		if err := w.on(ctx, l, exclusive); err != nil {
			// The file may be new, and nobody else's.
			_ = l.release()
			return nil, err
		}
		l.exclusive = exclusive
		if there, err := l.isThere(); there {
			return l, nil
		} else if err := errors.Join(err, l.close()); err != nil {
			return nil, err
		}
	}
}

func openLock(path string, flags int, mode uint32) (*lockFile, error) {
	for {
		fd, err := unix.Open(path, flags|unix.O_CLOEXEC, mode)
		switch {
		case err == nil:
			return &lockFile{path: path, fd: fd}, nil
		case err != unix.EINTR:
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

func (w lockWay) on(ctx context.Context, l *lockFile, exclusive bool) error {
	if w.wait {
		return l.failed("lock", ioctl.LockDescriptor(ctx, l.fd, exclusive))
	}
	locked, err := ioctl.TryLockDescriptor(l.fd, exclusive)
	if err == nil && !locked {
		return errLocked
	}
	return l.failed("lock", err)
}

// isThere reports whether the path still leads to the file.
func (l *lockFile) isThere() (bool, error) {
	var st unix.Stat_t
	if l.ino == 0 {
		if err := unix.Fstat(l.fd, &st); err != nil {
			return false, l.failed("stat", err)
		}
		l.dev, l.ino = uint64(st.Dev), st.Ino
	}
	if err := unix.Stat(l.path, &st); err == unix.ENOENT {
		return false, nil
	} else if err != nil {
		return false, l.failed("stat", err)
	}
	return uint64(st.Dev) == l.dev && st.Ino == l.ino, nil
}

// release gives the lock up, and removes the file if nobody else has it. The
// lock ends with the file, whatever else fails.
func (l *lockFile) release() error {
	alone, err := l.exclusive, error(nil)
	if !alone {
		alone, err = ioctl.TryLockDescriptor(l.fd, true)
		err = l.failed("lock", err)
	}
	if alone {
		var there bool
		if there, err = l.isThere(); there {
			err = l.failed("remove", unix.Unlink(l.path))
		}
	}
	return errors.Join(err, l.close())
}

// close closes the file once: its descriptor may soon be another file's.
func (l *lockFile) close() error {
	if l.fd < 0 {
		return nil
	}
	fd := l.fd
	l.fd = -1
	return l.failed("close", unix.Close(fd))
}

// failed is err as the error of what was done to the file.
func (l *lockFile) failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: l.path, Err: err}
}
