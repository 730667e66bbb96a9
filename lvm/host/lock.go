package host

import (
	"context"
	"errors"
	"io/fs"
	"os"

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
	lockFlags = os.O_CREATE | os.O_APPEND | os.O_RDWR
)

// lockFile is one lock, held.
type lockFile struct{ f *os.File }

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
		f, err := ioctl.OpenFile(path, lockFlags, lockMode)
		if err != nil {
			return nil, err
		}
		if err := w.on(ctx, f, exclusive); err != nil {
			// The file may be new, and nobody else's.
			_ = (&lockFile{f}).release()
			return nil, err
		}
		if same, err := isAt(f, path); same {
			return &lockFile{f}, nil
		} else if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
	}
}

func (w lockWay) on(ctx context.Context, f *os.File, exclusive bool) error {
	if w.wait {
		return ioctl.Lock(ctx, f, exclusive)
	}
	locked, err := ioctl.TryLock(f, exclusive)
	if err == nil && !locked {
		return errLocked
	}
	return err
}

// isAt reports whether f is the file at path.
func isAt(f *os.File, path string) (bool, error) {
	held, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(held, there), err
}

// release gives the lock up, and removes the file if nobody else has it. The
// lock ends with the file, whatever else fails.
func (l *lockFile) release() error {
	alone, err := ioctl.TryLock(l.f, true)
	if alone {
		var there bool
		if there, err = isAt(l.f, l.f.Name()); there {
			err = os.Remove(l.f.Name())
		}
	}
	return errors.Join(err, l.f.Close())
}
