package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/ioctl"
)

// read calls f with the store as it is; with an empty table where there is none.
func (s *Store) read(ctx context.Context, f func(*table) error) error {
	file, err := s.open(ctx, false)
	if errors.Is(err, fs.ErrNotExist) {
		return f(&table{})
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return guarded(file, false, func(tx *bbolt.Tx) error {
		t, err := newTable(tx, s.history)
		if err == nil {
			err = f(t)
		}
		return err
	})
}

// errUnchanged ends a transaction of bbolt in which nothing was set.
var errUnchanged = errors.New("nothing to write")

// write calls f with the store, made where there is none, and keeps what it sets unless it fails.
func (s *Store) write(ctx context.Context, f func(*table) error) error {
	file, err := s.open(ctx, true)
	if errors.Is(err, fs.ErrNotExist) {
		if err = s.create(ctx); err == nil {
			file, err = s.open(ctx, true)
		}
	}
	if err != nil {
		return err
	}
	defer file.Close()
	err = guarded(file, true, func(tx *bbolt.Tx) error {
		t, err := newTable(tx, s.history)
		if err == nil {
			err = f(t)
		}
		if err == nil && !t.dirty {
			err = errUnchanged
		}
		return err
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// open opens and locks the file, shared or for writing. Errors match [fs.ErrNotExist], [kv.ErrUnreachable],
// [kv.ErrDenied] and [kv.ErrDamaged].
func (s *Store) open(ctx context.Context, write bool) (*os.File, error) {
	flags := os.O_RDONLY
	if write {
		flags = os.O_RDWR
	}
	for {
		// O_NONBLOCK: no open waits for the other end of a pipe.
		f, err := os.OpenFile(s.path, flags|unix.O_NONBLOCK, 0)
		if err != nil {
			return nil, denied(err)
		}
		if err := s.lock(ctx, f, write); err != nil {
			f.Close()
			return nil, err
		}
		mine, err := f.Stat()
		if err == nil && !mine.Mode().IsRegular() {
			err = fmt.Errorf("no file: %v: %w", mine.Mode(), kv.ErrDamaged)
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		// The one that was there before the lock may have been removed meanwhile.
		if there, err := os.Stat(s.path); err == nil && os.SameFile(mine, there) {
			return f, nil
		}
		f.Close()
	}
}

func (s *Store) lock(ctx context.Context, f *os.File, exclusive bool) error {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := ioctl.Lock(limited, f, exclusive)
	switch {
	case err == nil || ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: no lock in time; %s", kv.ErrUnreachable, holders(f))
	}
	return err
}

// denied adds that other credentials are wanted.
func denied(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", kv.ErrDenied, err)
	}
	return err
}

// guarded calls f in a transaction of a file that is locked, and commits it where it is one for
// writing and f returns nil. What bbolt panics with, or faults on, is damage: the pages were checked, so it is what
// the disk does not give. The mapping stays then until the process ends; the lock does not.
func guarded(file *os.File, write bool, f func(*bbolt.Tx) error) (err error) {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := checkPages(file, info.Size()); err != nil {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", kv.ErrDamaged, r)
		}
	}()
	db, err := openDB(file, write)
	if errors.Is(err, bbolterrors.ErrInvalid) || errors.Is(err, bbolterrors.ErrVersionMismatch) || errors.Is(err, bbolterrors.ErrChecksum) {
		return fmt.Errorf("%w: %w", kv.ErrDamaged, err)
	}
	if err != nil {
		return err
	}
	if write {
		err = update(db, file, f)
	} else {
		err = db.View(f)
	}
	return errors.Join(err, db.Close())
}

// openDB has bbolt use a file that is open and locked, and which it closes.
func openDB(file *os.File, write bool) (*bbolt.DB, error) {
	return bbolt.Open(file.Name(), 0, &bbolt.Options{
		ReadOnly:     !write,
		NoStatistics: true,
		OpenFile:     func(string, int, os.FileMode) (*os.File, error) { return file, nil },
	})
}

// update is db.Update, of which it is known what became of it: where the page that names the last transaction was
// not written, it was not done. Otherwise an error is [kv.ErrUnreachable].
func update(db *bbolt.DB, file *os.File, f func(*bbolt.Tx) error) error {
	tx, err := db.Begin(true)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	before := uint64(tx.ID() - 1)
	if err = tx.Commit(); err == nil {
		return nil
	}
	info, statErr := file.Stat()
	if statErr == nil {
		if m, metaErr := findMeta(file, info.Size()); metaErr == nil && m.txn == before {
			return fmt.Errorf("write: %w", err)
		}
	}
	return fmt.Errorf("%w: write: %w", kv.ErrUnreachable, err)
}
