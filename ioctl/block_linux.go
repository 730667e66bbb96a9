package ioctl

import (
	"io/fs"
	"math"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/units"
)

// DeviceSize is the size of an open block device: BLKGETSIZE64.
func DeviceSize(f *os.File) (units.Bytes, error) {
	var size uint64
	err := fileIoctl(f, "size of", unix.BLKGETSIZE64, unsafe.Pointer(&size))
	return units.Bytes(size), err
}

// LogicalBlockSize is the smallest unit, in bytes, that an open block device
// reads and writes: BLKSSZGET.
func LogicalBlockSize(f *os.File) (units.Bytes, error) {
	var size int32
	err := fileIoctl(f, "logical block size of", unix.BLKSSZGET, unsafe.Pointer(&size))
	return units.Bytes(size), err
}

// ReadOnly reports whether an open block device refuses writes: BLKROGET.
func ReadOnly(f *os.File) (bool, error) {
	var ro int32
	err := fileIoctl(f, "read-only state of", unix.BLKROGET, unsafe.Pointer(&ro))
	return ro != 0, err
}

// FlushBuffers writes out and drops what the page cache holds of an open
// block device: BLKFLSBUF.
func FlushBuffers(f *os.File) error { return fileIoctl(f, "flush buffers of", unix.BLKFLSBUF, nil) }

// Discard tells an open block device that a range is not needed any more:
// BLKDISCARD. Start and length are multiples of the logical block size.
func Discard(f *os.File, start, length units.Bytes) error {
	r := [2]uint64{uint64(start), uint64(length)}
	return fileIoctl(f, "discard on", unix.BLKDISCARD, unsafe.Pointer(&r))
}

// ZeroOut makes a range of an open block device read as zeros: BLKZEROOUT.
// Start and length are multiples of the logical block size.
func ZeroOut(f *os.File, start, length units.Bytes) error {
	r := [2]uint64{uint64(start), uint64(length)}
	return fileIoctl(f, "zero out on", unix.BLKZEROOUT, unsafe.Pointer(&r))
}

// ReadAhead is how far an open block device is read in advance: BLKRAGET.
func ReadAhead(f *os.File) (units.Sectors, error) {
	var sectors uintptr // a long
	err := fileIoctl(f, "read-ahead of", unix.BLKRAGET, unsafe.Pointer(&sectors))
	return units.Sectors(sectors), err
}

// SetReadAhead changes what [ReadAhead] tells: BLKRASET. The kernel rounds
// down to whole pages. Needs CAP_SYS_ADMIN.
func SetReadAhead(f *os.File, sectors units.Sectors) error {
	if sectors > math.MaxInt32 {
		return &fs.PathError{Op: "set read-ahead of", Path: f.Name(), Err: unix.EINVAL}
	}
	return onFile(f, "set read-ahead of", func(fd uintptr) error {
		_, err := ignoringEINTR(func() (struct{}, error) {
			return struct{}{}, unix.IoctlSetInt(int(fd), unix.BLKRASET, int(sectors))
		})
		return err
	})
}

// fileIoctl issues request on f, and again when a signal interrupted it. The
// error is an [*fs.PathError].
func fileIoctl(f *os.File, op string, request uintptr, arg unsafe.Pointer) error {
	return onFile(f, op, func(fd uintptr) error {
		for {
			_, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, request, uintptr(arg))
			switch errno {
			case 0:
				return nil
			case unix.EINTR:
			default:
				return errno
			}
		}
	})
}

// onFile runs do with f's descriptor, which stays open meanwhile. [os.File.Fd]
// would make the file blocking.
func onFile(f *os.File, op string, do func(fd uintptr) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return &fs.PathError{Op: op, Path: f.Name(), Err: err}
	}
	var doErr error
	if err = conn.Control(func(fd uintptr) { doErr = do(fd) }); err != nil {
		err = fs.ErrClosed // it fails for no other reason, with an error that matches nothing
	} else {
		err = doErr
	}
	if err != nil {
		return &fs.PathError{Op: op, Path: f.Name(), Err: err}
	}
	return nil
}
