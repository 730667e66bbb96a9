package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Put stores an object.
func (d *Dir) Put(ctx context.Context, key string, body Body, condition Condition) (Info, error) {
	info, err := d.put(ctx, key, body, condition)
	if err != nil {
		return Info{}, d.fail("put", key, err)
	}
	return info, nil
}

func (d *Dir) put(ctx context.Context, key string, body Body, condition Condition) (Info, error) {
	if err := errors.Join(ctx.Err(), CheckKey(key)); err != nil {
		return Info{}, err
	}
	p := placeOf(key)
	if condition != (Condition{}) { // do not write what has no chance
		dir, err := d.parent(p.dirs)
		if err == nil {
			err = d.holds(p, dir, condition)
			_ = dir.close()
		} else if errors.Is(err, unix.ENOENT) && condition.Version == "" {
			err = nil
		}
		if err != nil {
			return Info{}, changedWhereMissing(err, condition)
		}
	}
	temp, name, info, err := d.write(ctx, body)
	if err != nil {
		return Info{}, err
	}
	left, err := d.place(ctx, p, temp, name, condition)
	if left {
		err = errors.Join(err, temp.remove(name))
	}
	return info, changedWhereMissing(err, condition)
}

// changedWhereMissing: an object that is missing is not the one of the version that was asked for.
func changedWhereMissing(err error, c Condition) error {
	if c.Version != "" && errors.Is(err, unix.ENOENT) {
		return ErrChanged
	}
	return err
}

// holds tells whether the condition does, as ErrExists or ErrChanged.
func (d *Dir) holds(p place, dir handle, c Condition) error {
	if c.Absent {
		st, err := dir.statAt(p.file)
		if err == nil {
			return errors.Join(ErrExists, d.settle(p, dir, time.Unix(st.Ctim.Unix())))
		}
		if !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	if c.Version == "" {
		return nil
	}
	file, err := openAt(dir, p.file, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer file.close()
	if info, _, err := readInfo(file); err != nil || info.Version != c.Version {
		return ErrChanged
	}
	return nil
}

// write makes a temporary file of body and trailer, on the disk, in the directory that it returns. It leaves nothing where
// it fails.
func (d *Dir) write(ctx context.Context, body Body) (dir handle, name string, info Info, err error) {
	dir, file, name, err := d.createTemp()
	if err != nil {
		return nowhere, "", Info{}, err
	}
	info, err = fill(ctx, file, body)
	if err = errors.Join(err, file.close()); err != nil {
		return nowhere, "", Info{}, errors.Join(err, dir.remove(name))
	}
	return dir, name, info, nil
}

func fill(ctx context.Context, file handle, body Body) (Info, error) {
	size := body.Size()
	if err := copyBody(ctx, file, body, size); err != nil {
		return Info{}, err
	}
	trailer := newTrailer()
	if _, err := file.Write(trailer); err != nil {
		return Info{}, err
	}
	if err := file.sync(); err != nil {
		return Info{}, err
	}
	st, err := file.stat()
	return Info{Size: size, Version: trailerVersion(trailer), Modified: time.Unix(st.Mtim.Unix())}, err
}

// copyStep is how much of a body is in memory.
const copyStep = 256 << 10

func copyBody(ctx context.Context, w io.Writer, body Body, size int64) error {
	if r, ok := body.(*bytes.Reader); ok { // all of it is in memory: one write
		whole := *r
		if _, err := whole.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err := whole.WriteTo(w)
		return err
	}
	buf := make([]byte, min(size, copyStep))
	for off := int64(0); off < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := buf[:min(size-off, copyStep)]
		n, err := body.ReadAt(part, off)
		if n < len(part) {
			return fmt.Errorf("body of %d bytes, read at %d: %w", size, off, unexpected(err))
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}

func unexpected(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// place gives a temporary file its place, and puts that on the disk; left says that the name it had is still there.
func (d *Dir) place(ctx context.Context, p place, temp handle, name string, c Condition) (left bool, err error) {
	dir, err := d.makeParent(p.dirs)
	if err != nil {
		return true, err
	}
	defer dir.close()
	lock, err := d.lock(ctx, p.dir())
	if err != nil {
		return true, err
	}
	left, err = d.move(p, dir, temp, name, c)
	_ = lock.close()
	if err != nil {
		return left, err
	}
	return left, d.persist(p, dir)
}

// move is called with the lock held.
func (d *Dir) move(p place, dir, temp handle, name string, c Condition) (left bool, err error) {
	if c.Version != "" || c.Absent {
		if err := d.holds(p, dir, c); err != nil {
			return true, err
		}
	}
	if c.Absent {
		// Where flock is not between hosts, this holds all the same.
		err := again(func() error { return unix.Linkat(int(temp), name, int(dir), p.file, 0) })
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EEXIST):
			return true, ErrExists
		case !withoutLinks(err):
			return true, failed("linkat", err)
		}
	}
	err = again(func() error { return unix.Renameat(int(temp), name, int(dir), p.file) })
	return err != nil, failed("renameat", err)
}

// withoutLinks: file systems that have no hard links say so in many ways.
func withoutLinks(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EMLINK)
}

// makeParent opens the directory of a place, and makes what is missing.
func (d *Dir) makeParent(dirs []string) (handle, error) {
	at, err := d.parent(dirs)
	if !errors.Is(err, unix.ENOENT) {
		return at, err
	}
	at, err = d.parent(nil)
	for _, name := range dirs {
		if err != nil {
			return nowhere, err
		}
		err = at.mkdir(name)
		if errors.Is(err, unix.EEXIST) {
			err = nil
		}
		next := nowhere
		if err == nil {
			next, err = openAt(at, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		}
		_ = at.close()
		at = next
	}
	return at, err
}

// Delete removes objects.
func (d *Dir) Delete(ctx context.Context, keys ...string) error {
	var errs []error
	byDir := map[string][]string{}
	var order []string
	for _, key := range keys {
		if err := CheckKey(key); err != nil {
			errs = append(errs, d.fail("delete", key, err))
			continue
		}
		dir := placeOf(key).dir()
		if byDir[dir] == nil {
			order = append(order, dir)
		}
		byDir[dir] = append(byDir[dir], key)
	}
	for _, dir := range order {
		errs = append(errs, d.deleteIn(ctx, dir, byDir[dir]))
	}
	return errors.Join(errs...)
}

// deleteIn removes objects that are in one directory.
func (d *Dir) deleteIn(ctx context.Context, name string, keys []string) error {
	p := placeOf(keys[0])
	dir, err := d.parent(p.dirs)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	all := strings.Join(keys[:min(len(keys), 3)], " ")
	if err != nil {
		return d.fail("delete", all, err)
	}
	defer dir.close()
	if err := ctx.Err(); err != nil {
		return d.fail("delete", all, err)
	}
	lock, err := d.lock(ctx, name)
	if err != nil {
		return d.fail("delete", all, err)
	}
	var errs []error
	for _, key := range keys {
		if err := dir.remove(placeOf(key).file); err != nil && !errors.Is(err, unix.ENOENT) {
			errs = append(errs, d.fail("delete", key, err))
		}
	}
	_ = lock.close()
	return errors.Join(append(errs, d.fail("delete", all, dir.sync()))...)
}
