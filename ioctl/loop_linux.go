package ioctl

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/units"
)

// LoopConfig says how a loop device shows its file. The zero value shows the
// whole file, writable, through the page cache.
type LoopConfig struct {
	Offset units.Bytes // where in the file the device begins
	// Size is a whole number of sectors. Zero: to the end of the file, less a
	// part of a sector there.
	Size units.Bytes
	// BlockSize is the logical block size, a power of two from 512 to the
	// page size. Zero: 512.
	BlockSize units.Bytes
	ReadOnly  bool
	// DirectIO asks for O_DIRECT below the device. File systems without it
	// leave it off: see [Loop.DirectIO].
	DirectIO bool
	// AutoClear detaches the device when the last user closes it, be it by
	// dying. [Loop] itself is a user until it is closed.
	AutoClear bool
	// PartScan makes the kernel look for partitions.
	PartScan bool
}

// check refuses what the kernel would cut short.
func (c LoopConfig) check() error {
	if _, err := c.Size.Sectors(); err != nil {
		return fmt.Errorf("size: %w", err)
	}
	if c.BlockSize > math.MaxUint32 {
		return fmt.Errorf("block size %v: %w", c.BlockSize, unix.EINVAL)
	}
	return nil
}

func (c LoopConfig) flags() uint32 {
	var flags uint32
	for flag, set := range map[uint32]bool{
		unix.LO_FLAGS_READ_ONLY: c.ReadOnly,
		unix.LO_FLAGS_AUTOCLEAR: c.AutoClear,
		unix.LO_FLAGS_PARTSCAN:  c.PartScan,
		unix.LO_FLAGS_DIRECT_IO: c.DirectIO,
	} {
		if set {
			flags |= flag
		}
	}
	return flags
}

// Loop is an attached loop device, held open.
type Loop struct {
	f      *os.File
	direct bool
}

const (
	loopControl    = "/dev/loop-control"
	attachAttempts = 1000
)

// AttachLoop attaches a free loop device to the file at path. When it fails
// nothing stays attached. Needs CAP_SYS_ADMIN; Linux 5.8 does it in one call
// (LOOP_CONFIGURE), older kernels in three. The error holds an errno, or is
// [units.ErrNotSectors] before anything was done.
func AttachLoop(path string, cfg LoopConfig) (*Loop, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("attach loop device to %s: %w", path, err)
	}
	mode := os.O_RDWR
	if cfg.ReadOnly {
		mode = os.O_RDONLY
	}
	backing, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return nil, fmt.Errorf("attach loop device: %w", err)
	}
	defer backing.Close()
	cfg.DirectIO = cfg.DirectIO && takesDirectIO(path)
	control, err := os.OpenFile(loopControl, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("attach loop device to %s: %w", path, err)
	}
	defer control.Close()
	for attempt := 1; ; attempt++ {
		n, err := freeLoop(control)
		if err != nil {
			return nil, fmt.Errorf("attach loop device to %s: %w", path, err)
		}
		f, err := os.OpenFile("/dev/loop"+strconv.Itoa(n), mode, 0)
		if err != nil {
			return nil, fmt.Errorf("attach loop device to %s: %w", path, err)
		}
		direct, err := configureLoop(f, backing, cfg)
		if err == nil {
			return &Loop{f: f, direct: direct}, nil
		}
		f.Close()
		// Between "this one is free" and "mine" somebody else may come first.
		// One that is free for good, but held with O_EXCL, is offered each time.
		if !errors.Is(err, unix.EBUSY) || attempt == attachAttempts {
			return nil, fmt.Errorf("attach loop device to %s: %w", path, err)
		}
	}
}

// takesDirectIO reports whether the file at path can be opened with O_DIRECT.
// The kernel's own test for loop devices asks the file's own file system only:
// it passes an overlay over a file system that cannot, and then fails each I/O.
func takesDirectIO(path string) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECT, 0)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

func freeLoop(control *os.File) (int, error) {
	n := -1
	err := onFile(control, "find a free loop device with", func(fd uintptr) (err error) {
		n, err = ignoringEINTR(func() (int, error) { return unix.IoctlRetInt(int(fd), unix.LOOP_CTL_GET_FREE) })
		return err
	})
	return n, err
}

// configureLoop attaches f to backing, and reports whether direct I/O is on.
func configureLoop(f, backing *os.File, cfg LoopConfig) (direct bool, err error) {
	info := unix.LoopInfo64{Offset: uint64(cfg.Offset), Sizelimit: uint64(cfg.Size), Flags: cfg.flags()}
	copy(info.File_name[:len(info.File_name)-1], backing.Name()) // for losetup to show; the kernel does not open it
	err = onFile(backing, "use", func(file uintptr) error {
		config := unix.LoopConfig{Fd: uint32(file), Size: uint32(cfg.BlockSize), Info: info}
		err := fileIoctl(f, "configure", unix.LOOP_CONFIGURE, unsafe.Pointer(&config))
		if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) && !loopBound(f) {
			return configureLoopInSteps(f, file, cfg, info)
		}
		return err
	})
	if err != nil {
		return false, err
	}
	var now unix.LoopInfo64
	if err := fileIoctl(f, "status of", unix.LOOP_GET_STATUS64, unsafe.Pointer(&now)); err != nil {
		return false, errors.Join(err, clearLoop(f))
	}
	return now.Flags&unix.LO_FLAGS_DIRECT_IO != 0, nil
}

// configureLoopInSteps is for kernels before 5.8.
func configureLoopInSteps(f *os.File, file uintptr, cfg LoopConfig, info unix.LoopInfo64) error {
	if err := loopInt(f, "attach", unix.LOOP_SET_FD, int(file)); err != nil {
		return err
	}
	err := fileIoctl(f, "set status of", unix.LOOP_SET_STATUS64, unsafe.Pointer(&info))
	if err == nil && cfg.BlockSize != 0 {
		err = loopInt(f, "set block size of", unix.LOOP_SET_BLOCK_SIZE, int(cfg.BlockSize))
	}
	if err == nil && cfg.DirectIO {
		// As with LOOP_CONFIGURE, a file system without O_DIRECT leaves it off.
		if e := loopInt(f, "set direct I/O on", unix.LOOP_SET_DIRECT_IO, 1); e != nil && !errors.Is(e, unix.EINVAL) {
			err = e
		}
	}
	if err != nil {
		return errors.Join(err, clearLoop(f))
	}
	return nil
}

func loopInt(f *os.File, op string, request uint, value int) error {
	return onFile(f, op, func(fd uintptr) error {
		_, err := ignoringEINTR(func() (struct{}, error) {
			return struct{}{}, unix.IoctlSetInt(int(fd), request, value)
		})
		return err
	})
}

// loopBound reports whether the loop device has a file.
func loopBound(f *os.File) bool {
	var info unix.LoopInfo64
	return fileIoctl(f, "status of", unix.LOOP_GET_STATUS64, unsafe.Pointer(&info)) == nil
}

func clearLoop(f *os.File) error { return loopInt(f, "detach", unix.LOOP_CLR_FD, 0) }

// Path is the device's node: "/dev/loop3".
func (l *Loop) Path() string { return l.f.Name() }

// File is the open device. It belongs to l.
func (l *Loop) File() *os.File { return l.f }

// DirectIO reports whether the device reads and writes its file with O_DIRECT.
func (l *Loop) DirectIO() bool { return l.direct }

// Grow makes the device as long as its file is now: LOOP_SET_CAPACITY.
func (l *Loop) Grow() error { return loopInt(l.f, "grow", unix.LOOP_SET_CAPACITY, 0) }

// Detach takes the file away from the device and closes it. While others have
// the device open, the kernel waits for the last of them to close it.
func (l *Loop) Detach() error {
	err := clearLoop(l.f)
	if errors.Is(err, unix.ENXIO) {
		err = nil // detached by someone else meanwhile
	}
	return errors.Join(err, l.f.Close())
}

// Close closes the device and leaves it attached, unless AutoClear is set and
// nobody else has it open.
func (l *Loop) Close() error { return l.f.Close() }

// DetachLoop detaches the loop device at path, which some other process may
// have attached. It fails with [fs.ErrNotExist] where nothing is attached.
func DetachLoop(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := clearLoop(f); errors.Is(err, unix.ENXIO) {
		return &fs.PathError{Op: "detach", Path: path, Err: fs.ErrNotExist}
	} else if err != nil {
		return err
	}
	return nil
}
