package lvm

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

// ErrNotDevice says that a path is neither a block device nor a file.
var ErrNotDevice = errors.New("neither a block device nor a file")

// Storage is what a [Device] reads and writes. Sync returns when what was
// written before survives a power cut.
type Storage interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
}

// Device is an opened block device, partition or image file that may hold a PV.
// It reads and writes whatever the caller asks for; what is smaller than a
// logical block is written by reading the block first, as the device demands.
// It may be used by several goroutines; two that write to one logical block must
// agree on it.
type Device struct {
	Path   string      // as it was opened
	Size   units.Bytes // whole sectors
	Number uint64      // of the device: unix.Major and unix.Minor tell its parts; 0: a file

	storage Storage
	block   units.Bytes // logical block size; what is read and written is whole ones
	direct  bool        // buffers are aligned
	access  Access
	same    [2]uint64 // equal for two ways to one thing; zero: not known

	mu     sync.Mutex
	bounce []byte
}

// Access is what a device is opened for.
type Access uint8

// What a device may be opened for.
const (
	ReadOnly Access = iota
	ReadWrite
	// Exclusive is ReadWrite, and fails with EBUSY where the device is mounted, or
	// held by device-mapper, md or another exclusive user. For a PV that is to be
	// made or removed; one with active LVs is held. Files are not guarded.
	Exclusive
)

// OpenDevice opens the block device or image file at path. Devices are used
// around the page cache, since lvm2 does so too; the size of a file is rounded
// down to sectors. The error is an [*fs.PathError].
func OpenDevice(path string, access Access) (*Device, error) {
	var st unix.Stat_t
	if err := ioctl.Stat(path, &st); err != nil {
		return nil, err
	}
	kind := st.Mode & unix.S_IFMT
	if kind != unix.S_IFBLK && kind != unix.S_IFREG {
		return nil, &fs.PathError{Op: "open", Path: path, Err: ErrNotDevice}
	}
	isBlock := kind == unix.S_IFBLK
	flags := os.O_RDONLY
	if access != ReadOnly {
		flags = os.O_RDWR
	}
	if isBlock && access == Exclusive {
		flags |= unix.O_EXCL
	}
	if isBlock {
		flags |= unix.O_DIRECT
	}
	f, err := ioctl.OpenFile(path, flags, 0)
	direct := isBlock
	if isBlock && errors.Is(err, unix.EINVAL) { // a driver without direct I/O
		direct = false
		f, err = ioctl.OpenFile(path, flags&^unix.O_DIRECT, 0)
	}
	if err != nil {
		return nil, err
	}
	d := &Device{Path: path, storage: f, block: units.SectorSize, direct: direct, access: access}
	if err := d.measure(f); err != nil {
		f.Close()
		return nil, err
	}
	return d, nil
}

// measure asks the opened file for what it is.
func (d *Device) measure(f *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return &fs.PathError{Op: "stat", Path: d.Path, Err: err}
	}
	if d.same = keyOf(&st); d.same[0] != deviceKey {
		d.Size = units.Bytes(st.Size) &^ (units.SectorSize - 1)
		return nil
	}
	d.Number = d.same[1]
	var err error
	if d.Size, err = ioctl.DeviceSize(f); err != nil {
		return err
	}
	d.block, err = ioctl.LogicalBlockSize(f)
	return err
}

// NewDevice returns a device on s: a way to work on what is no file. The block
// size is 512 or a larger power of two; Close does nothing.
func NewDevice(path string, size, block units.Bytes, s Storage) *Device {
	return &Device{Path: path, Size: size, storage: s, block: block, access: ReadWrite}
}

// Upgrade opens a device again that was opened with less access, by its path. A
// scan opens devices for reading only: when one that was open for writing is
// closed, udev looks at it anew. It fails with [ErrChanged] where something else
// has that path now.
func (d *Device) Upgrade(access Access) error {
	if d.access >= access {
		return nil
	}
	again, err := OpenDevice(d.Path, access)
	if err != nil {
		return err
	}
	if again.same != d.same || again.Size != d.Size {
		again.Close()
		return &fs.PathError{Op: "open", Path: d.Path, Err: ErrChanged}
	}
	old := d.storage
	d.storage, d.direct, d.access = again.storage, again.direct, access
	return old.(io.Closer).Close()
}

// IsFile reports whether d is an image file, or what [NewDevice] made.
func (d *Device) IsFile() bool { return d.Number == 0 }

// LogicalBlockSize is the smallest unit that the device reads and writes.
func (d *Device) LogicalBlockSize() units.Bytes { return d.block }

// Close closes what [OpenDevice] opened.
func (d *Device) Close() error {
	if c, ok := d.storage.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Sync makes what was written survive a power cut.
func (d *Device) Sync() error { return d.storage.Sync() }

// maxBounce bounds the buffer for what cannot go to the device as it is.
const maxBounce = 1 << 20

// ReadAt implements [io.ReaderAt].
func (d *Device) ReadAt(b []byte, off int64) (int, error) {
	if d.fits(b, off) {
		return d.storage.ReadAt(b, off)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	done := 0
	for done < len(b) {
		blocks, skip := d.blocks(off+int64(done), len(b)-done)
		n, err := d.storage.ReadAt(blocks, off+int64(done)-int64(skip))
		if n -= skip; n > 0 {
			n = copy(b[done:], blocks[skip:skip+n])
			done += n
		}
		if done < len(b) && (err != nil || n <= 0) {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return done, err
		}
	}
	return done, nil
}

// WriteAt implements [io.WriterAt].
func (d *Device) WriteAt(b []byte, off int64) (int, error) {
	if end := off + int64(len(b)); off < 0 || end < off || units.Bytes(end) > d.Size {
		return 0, fmt.Errorf("write %d bytes at %d, beyond the end: %w", len(b), off, unix.ENOSPC)
	}
	if d.fits(b, off) {
		return d.storage.WriteAt(b, off)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	done := 0
	for done < len(b) {
		at := off + int64(done)
		blocks, skip := d.blocks(at, len(b)-done)
		part := min(len(b)-done, len(blocks)-skip)
		if skip != 0 || part != len(blocks) {
			if _, err := d.storage.ReadAt(blocks, at-int64(skip)); err != nil {
				return done, err
			}
		}
		copy(blocks[skip:], b[done:done+part])
		if _, err := d.storage.WriteAt(blocks, at-int64(skip)); err != nil {
			return done, err
		}
		done += part
	}
	return done, nil
}

// give lets the device have an aligned buffer that is not used any more, for what
// cannot go to it as it is.
func (d *Device) give(b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(b) > len(d.bounce) {
		d.bounce = b
	}
}

// fits reports whether the device takes b as it is.
func (d *Device) fits(b []byte, off int64) bool {
	return (units.Bytes(off)|units.Bytes(len(b)))%d.block == 0 && (!d.direct || ioctl.IsAligned(b))
}

// blocks returns a buffer of whole blocks for n bytes at off, or for the first of
// them, and how many bytes in front of them are in it.
func (d *Device) blocks(off int64, n int) (b []byte, skip int) {
	block := int(d.block)
	skip = int(off) & (block - 1)
	size := min((skip+n+block-1)&^(block-1), max(maxBounce, block))
	if len(d.bounce) < size {
		d.bounce = ioctl.AlignedBytes(size)
	}
	return d.bounce[:size], skip
}
