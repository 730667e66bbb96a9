package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Dir is a bucket in a directory, for many processes at once, also on several hosts where the file system
// has flock(2) between them, as NFS has. It never removes a directory, and follows no symbolic link below its
// own path.
//
// An object is a file: the body, and a trailer with a random version. It is written beside the objects, and moved
// to its place when it is on the disk. All changes of a directory's names are made under a lock, so
// that conditions hold, and so that a listing misses nothing.
type Dir struct {
	path string
	root handle
	temp tempFiles

	mu sync.Mutex
	// synced says up to when the names of a directory, and its own name, are known to be on the disk.
	synced map[string]time.Time
}

// DirOptions are how a directory is opened.
type DirOptions struct {
	// Create makes the directory, and those above it, where they are missing.
	Create bool
}

// NewDir opens the bucket in the directory of that absolute path. Errors match [ErrMissing] where there is none,
// and [ErrDenied].
func NewDir(path string, o DirOptions) (*Dir, error) {
	d := &Dir{path: filepath.Clean(path), synced: map[string]time.Time{}}
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("store: directory %q: want an absolute path", path)
	}
	if o.Create {
		if err := makePath(d.path); err != nil {
			return nil, d.fail("make", "", err)
		}
	}
	root, err := openAt(unix.AT_FDCWD, d.path, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, d.fail("open", "", err)
	}
	d.root = root
	return d, nil
}

// makePath makes a directory and those above it, each on the disk before the next.
func makePath(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, os.ErrNotExist) && path != filepath.Dir(path) {
		if err := makePath(filepath.Dir(path)); err != nil {
			return err
		}
		err = os.Mkdir(path, 0o700)
	}
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	parent, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(parent.Sync(), parent.Close())
}

// Address is "file://" and the path.
func (d *Dir) Address() string { return (&url.URL{Scheme: "file", Path: d.path}).String() }

// Close gives back what the Dir holds open. A second call does nothing.
func (d *Dir) Close() error {
	root := d.root
	d.root = nowhere
	return errors.Join(d.temp.close(), root.close())
}

func (d *Dir) fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Address: d.Address(), Key: key, Err: meaning(err)}
}

// meaning adds this package's error to the system's.
func meaning(err error) error {
	for _, m := range []struct {
		own    error
		system []unix.Errno
	}{
		{ErrMissing, []unix.Errno{unix.ENOENT}},
		{ErrNoSpace, []unix.Errno{unix.ENOSPC, unix.EDQUOT}},
		{ErrDenied, []unix.Errno{unix.EACCES, unix.EPERM, unix.EROFS}},
		{ErrUnreachable, []unix.Errno{unix.ETIMEDOUT, unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENOTCONN}},
	} {
		for _, errno := range m.system {
			if errors.Is(err, errno) {
				return fmt.Errorf("%w: %w", m.own, err)
			}
		}
	}
	return err
}

// parent opens the directory of a place.
func (d *Dir) parent(dirs []string) (handle, error) {
	at, err := openAt(d.root, ".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	for _, name := range dirs {
		if err != nil {
			break
		}
		var next handle
		next, err = openAt(at, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		_ = at.close()
		at = next
	}
	return at, err
}

// open opens an object's file to read, and returns its directory too.
func (d *Dir) open(p place) (dir, file handle, err error) {
	dir, err = d.parent(p.dirs)
	if err != nil {
		return nowhere, nowhere, err
	}
	file, err = openAt(dir, p.file, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		_ = dir.close()
		return nowhere, nowhere, err
	}
	return dir, file, nil
}

// Get reads a part of an object.
func (d *Dir) Get(ctx context.Context, key string, off int64, dst []byte) (int, Info, error) {
	n, info, err := d.get(ctx, key, off, dst)
	if err != nil {
		return 0, Info{}, d.fail("get", key, err)
	}
	return n, info, nil
}

func (d *Dir) get(ctx context.Context, key string, off int64, dst []byte) (int, Info, error) {
	if err := errors.Join(ctx.Err(), CheckKey(key)); err != nil {
		return 0, Info{}, err
	}
	if off < 0 {
		return 0, Info{}, fmt.Errorf("offset %d is negative", off)
	}
	dir, file, err := d.open(placeOf(key))
	if err != nil {
		return 0, Info{}, err
	}
	defer dir.close()
	defer file.close()
	info, _, err := readInfo(file)
	if err != nil || off >= info.Size {
		return 0, info, err
	}
	n, err := file.readFull(dst[:min(int64(len(dst)), info.Size-off)], off)
	return n, info, err
}

// Stat tells of an object. One that is new it first puts on the disk, for whoever put it may have been
// killed before: who asks will count on it.
func (d *Dir) Stat(ctx context.Context, key string) (Info, error) {
	info, err := d.stat(ctx, key)
	if err != nil {
		return Info{}, d.fail("stat", key, err)
	}
	return info, nil
}

func (d *Dir) stat(ctx context.Context, key string) (Info, error) {
	if err := errors.Join(ctx.Err(), CheckKey(key)); err != nil {
		return Info{}, err
	}
	p := placeOf(key)
	dir, file, err := d.open(p)
	if err != nil {
		return Info{}, err
	}
	defer dir.close()
	defer file.close()
	info, changed, err := readInfo(file)
	if err != nil {
		return Info{}, err
	}
	return info, d.settle(p, dir, changed)
}
