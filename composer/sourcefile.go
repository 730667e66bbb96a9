package composer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// settling is how old a file's last change must be, so that any further one has another time: more than
// the grain of any file system's clock.
const settling = 3 * time.Second

// File is a [Source] that is a regular file or a block device.
type File struct {
	f      *os.File
	path   string
	size   units.Bytes
	device bool
	now    func() time.Time
}

// OpenFile opens a file or a block device to be registered. Nothing is written to it. now is
// nil for the machine's clock. Errors match fs.ErrNotExist, fs.ErrPermission, or errors.ErrUnsupported for
// what is neither.
func OpenFile(path string, now func() time.Time) (*File, error) {
	f, err := ioctl.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	if real, err := filepath.Abs(path); err == nil {
		path = real
	}
	source := &File{f: f, path: path, now: now}
	if source.size, source.device, err = sizeOf(f); err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return source, nil
}

// sizeOf is the size of a regular file or a block device.
func sizeOf(f *os.File) (size units.Bytes, device bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, false, err
	}
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return units.Bytes(info.Size()), false, nil
	case mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0:
		size, err = ioctl.DeviceSize(f)
		return size, true, err
	}
	return 0, false, fmt.Errorf("open %s: neither a regular file nor a block device: %w", f.Name(), errors.ErrUnsupported)
}

// Size is what it was when the file was opened.
func (s *File) Size() units.Bytes { return s.size }

// Describe is the path, from the root on.
func (s *File) Describe() string { return s.path }

// ReadAt reads as io.ReaderAt says.
func (s *File) ReadAt(p []byte, off int64) (int, error) { return s.f.ReadAt(p, off) }

// NextData asks the file system for holes. It is for one goroutine at a time.
func (s *File) NextData(off units.Bytes) (maps.Range, error) { return nextData(s.f, off, s.size) }

func nextData(f *os.File, off, size units.Bytes) (maps.Range, error) {
	if off >= size {
		return maps.Range{}, nil
	}
	all := maps.Range{Start: off, Length: size - off}
	start, err := f.Seek(int64(off), unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO): // a hole up to the end
		return maps.Range{}, nil
	case err != nil: // no file with holes
		return all, nil
	}
	stop, err := f.Seek(start, unix.SEEK_HOLE)
	if err != nil {
		stop = int64(size)
	}
	if units.Bytes(start) >= size {
		return maps.Range{}, nil
	}
	return maps.Range{Start: units.Bytes(start), Length: min(units.Bytes(stop), size) - units.Bytes(start)}, nil
}

// Stamp is made of a regular file's inode, size and times. A device has none: nobody notes when it is
// written.
func (s *File) Stamp() (string, bool, error) {
	if s.device {
		return "", false, nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(s.f.Fd()), &st); err != nil {
		return "", false, &fs.PathError{Op: "stat", Path: s.path, Err: err}
	}
	stamp := fmt.Sprintf("%d:%d %d %d.%09d %d.%09d", st.Dev, st.Ino, st.Size, st.Mtim.Sec, st.Mtim.Nsec, st.Ctim.Sec, st.Ctim.Nsec)
	return stamp, s.now().Sub(time.Unix(st.Ctim.Unix())) > settling, nil
}

// Close closes the file.
func (s *File) Close() error { return s.f.Close() }
