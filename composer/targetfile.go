package composer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// partial is behind the name of a file that is not complete.
const partial = ".rok-partial"

// PresentFile is [Present] into a file or a block device. A file that is not there, or is empty, is made as
// PATH.rok-partial, with holes where the volume is zeros, and gets its name when it is complete; the same call
// again goes on with what is there of it. A file that is not empty, and a device whose begin or end is not zeros, is
// refused ([RefusedError]), unless it is to be overwritten; so is a device that is mounted or otherwise in use.
func PresentFile(ctx context.Context, st *store.Store, path string, overwrite bool, r PresentRequest) (Presented, error) {
	m, info, err := st.OpenMap(ctx, r.Name)
	if err != nil {
		return Presented{}, err
	}
	t, err := openTarget(path, m.Size, overwrite, r.Check)
	if err != nil {
		return Presented{Map: m.Header}, err
	}
	result, err := present(ctx, st.Reading(info), m, t, r)
	if t.path != "" && (err == nil || len(result.Damaged) > 0 && result.complete()) {
		err = errors.Join(err, t.rename())
	}
	return result, errors.Join(err, t.f.Close())
}

// complete tells whether all of a volume was gone through.
func (p *Presented) complete() bool {
	c := p.Counts
	return c.Written+c.Zeroed+c.Same+c.Blank+c.Differs+c.Damaged == p.Map.Size
}

// targetFile is a [Target] that is a file or a device.
type targetFile struct {
	f      *os.File
	size   units.Bytes
	sector units.Bytes // of a device; 0 for a file
	blank  bool
	path   string      // the name that a new file gets when it is complete; "" for one that has its name
	old    fs.FileInfo // of the empty file that it replaces, or nil
}

func openTarget(path string, size units.Bytes, overwrite, check bool) (*targetFile, error) {
	// A link is followed, so that what it leads to becomes the volume.
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !check:
		return newTarget(path, size, nil)
	case err != nil:
		return nil, err
	case check:
		return openThere(path, os.O_RDONLY)
	case info.Mode().IsRegular() && info.Size() == 0:
		return newTarget(path, size, info)
	case info.Mode().IsRegular() && !overwrite:
		return nil, &RefusedError{"present into", path, errors.New("the file is not empty; --overwrite writes over it")}
	case info.Mode().IsRegular():
		return openThere(path, os.O_RDWR)
	}
	t, err := openThere(path, os.O_RDWR|os.O_EXCL)
	if errors.Is(err, unix.EBUSY) {
		return nil, &RefusedError{"present onto", path, errors.New("the device is mounted or in use")}
	}
	if err != nil || overwrite {
		return t, err
	}
	found, err := t.edges()
	if err == nil && found {
		err = &RefusedError{"present onto", path, errors.New("there is something on the device; --overwrite writes over it")}
	}
	if err != nil {
		_ = t.f.Close() // nothing was written
		return nil, err
	}
	return t, nil
}

// openThere opens what is there.
func openThere(path string, flags int) (*targetFile, error) {
	f, err := ioctl.OpenFile(path, flags|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	t := &targetFile{f: f}
	size, device, err := sizeOf(f)
	t.size = size
	if err == nil && device {
		t.sector, err = ioctl.LogicalBlockSize(f)
	}
	if err == nil && !device && flags&os.O_RDWR != 0 {
		err = lockTarget(f)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return t, nil
}

// newTarget opens the file that becomes the one at path.
func newTarget(path string, size units.Bytes, old fs.FileInfo) (*targetFile, error) {
	f, err := ioctl.OpenFile(path+partial, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	t := &targetFile{f: f, size: size, path: path, old: old}
	err = lockTarget(f)
	if err == nil {
		err = t.begin()
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return t, nil
}

func (t *targetFile) begin() error {
	there, device, err := sizeOf(t.f)
	if err != nil {
		return err
	}
	if device {
		return &RefusedError{"present into", t.f.Name(), errors.New("a device is in the way")}
	}
	t.blank = there == 0
	return t.f.Truncate(int64(t.size))
}

func lockTarget(f *os.File) error {
	mine, err := ioctl.TryLock(f, true)
	if err == nil && !mine {
		err = &RefusedError{"present into", f.Name(), errors.New("another process is writing it")}
	}
	return err
}

// rename gives a complete file its name, unless another has it by now.
func (t *targetFile) rename() error {
	flags := uint(unix.RENAME_NOREPLACE)
	if t.old != nil {
		if now, err := os.Stat(t.path); err != nil || !os.SameFile(now, t.old) || now.Size() != 0 {
			return &RefusedError{"present into", t.path, fmt.Errorf("the file changed meanwhile; the volume is in %s", t.f.Name())}
		}
		if err := t.f.Chmod(t.old.Mode().Perm()); err != nil {
			return err
		}
		flags = 0
	}
	err := unix.Renameat2(unix.AT_FDCWD, t.f.Name(), unix.AT_FDCWD, t.path, flags)
	if errors.Is(err, unix.EINVAL) { // a file system that has no such flag
		if err = os.Link(t.f.Name(), t.path); err == nil {
			err = os.Remove(t.f.Name())
		}
	}
	if errors.Is(err, unix.EEXIST) {
		return &RefusedError{"present into", t.path, fmt.Errorf("a file of that name was made meanwhile; the volume is in %s", t.f.Name())}
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: t.f.Name(), New: t.path, Err: err}
	}
	return syncDir(filepath.Dir(t.path))
}

// edges tells whether the first or the last MiB has anything but zeros, as file systems, partition tables and labels
// do.
func (t *targetFile) edges() (bool, error) {
	buf := make([]byte, min(units.MiB, t.size))
	for _, off := range []int64{0, int64(t.size) - int64(len(buf))} {
		if _, err := t.f.ReadAt(buf, off); err != nil {
			return false, err
		}
		if len(maps.Strip(buf)) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// ReadAt reads as io.ReaderAt says.
func (t *targetFile) ReadAt(p []byte, off int64) (int, error) { return t.f.ReadAt(p, off) }

// WriteAt writes as io.WriterAt says.
func (t *targetFile) WriteAt(p []byte, off int64) (int, error) { return t.f.WriteAt(p, off) }

// Size is that of the device, or of the file when it is complete.
func (t *targetFile) Size() units.Bytes { return t.size }

// Blank is whether the file was just made.
func (t *targetFile) Blank() bool { return t.blank }

// Zero punches a hole into a file, has a device make zeros, and writes them where neither is to be had.
func (t *targetFile) Zero(off, length units.Bytes) error {
	switch {
	case t.blank || length == 0:
		return nil
	case t.sector == 0:
		if unix.Fallocate(int(t.f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, int64(off), int64(length)) == nil {
			return nil
		}
	default:
		first := (off + t.sector - 1) / t.sector * t.sector
		last := (off + length) / t.sector * t.sector
		if first < last && ioctl.ZeroOut(t.f, first, last-first) == nil {
			return cmp.Or(t.writeZeros(off, first-off), t.writeZeros(last, off+length-last))
		}
	}
	return t.writeZeros(off, length)
}

func (t *targetFile) writeZeros(off, length units.Bytes) error {
	zeros := make([]byte, min(length, units.MiB))
	for stop := off + length; off < stop; {
		p := zeros[:min(stop-off, units.Bytes(len(zeros)))]
		if _, err := t.f.WriteAt(p, int64(off)); err != nil {
			return err
		}
		off += units.Bytes(len(p))
	}
	return nil
}

// Sync makes what was written durable.
func (t *targetFile) Sync() error { return t.f.Sync() }
