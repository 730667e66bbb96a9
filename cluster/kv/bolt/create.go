package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rok-storage/rok/cluster/kv"
)

// create makes an empty store beside its place, and renames it. Two that do it at once have a lock on the
// same new file, of which the second sees that it has gone.
func (s *Store) create(ctx context.Context) error {
	dir, name := filepath.Split(s.path)
	dir = filepath.Clean(dir)
	if s.makeDir {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return denied(err)
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, err := s.createOnce(ctx, filepath.Join(dir, "."+name+".new"))
		if err != nil {
			return denied(err)
		}
		if done {
			return syncDir(dir)
		}
	}
}

func (s *Store) createOnce(ctx context.Context, temporary string) (done bool, err error) {
	f, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("directory %s: %w", filepath.Dir(temporary), fs.ErrNotExist)
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if err := s.lock(ctx, f, true); err != nil {
		return false, err
	}
	if _, err := os.Lstat(s.path); err == nil {
		if same(f, temporary) {
			err = os.Remove(temporary)
		}
		return true, err
	}
	if !same(f, temporary) {
		return false, nil
	}
	if err := f.Truncate(0); err != nil {
		return false, err
	}
	db, err := openDB(f, true)
	if err != nil {
		return false, err
	}
	err = update(db, f, initialize)
	if err == nil {
		err = os.Rename(temporary, s.path) // while it is locked
	}
	if err != nil {
		err = errors.Join(err, os.Remove(temporary))
	}
	return err == nil, errors.Join(err, db.Close())
}

func same(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(mine, there)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("%w: %w", kv.ErrUnreachable, err)
	}
	return nil
}
