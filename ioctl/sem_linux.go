package ioctl

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Semaphore is a System V semaphore set with one semaphore: what libdevmapper
// and its udev rules call a cookie. See semop(2).
type Semaphore struct {
	key int32
	id  uintptr
}

// Constants of include/uapi/linux/ipc.h and sem.h, which x/sys lacks.
const (
	ipcCreate = 0o1000
	ipcExcl   = 0o2000
	ipcNoWait = 0o4000
	ipcRemove = 0
	semGetVal = 12
	semSetVal = 16
)

type semBuf struct {
	num  uint16
	op   int16
	flag int16
}

// CreateSemaphore makes the semaphore with the given key and value, mode 0600.
// It fails with EEXIST where the key is taken, and with ERANGE where the value
// is negative or has more than 15 bits.
func CreateSemaphore(key int32, value int) (*Semaphore, error) {
	if value < 0 || value != int(int16(value)) {
		return nil, fmt.Errorf("create semaphore %#x with %d: %w", uint32(key), value, unix.ERANGE)
	}
	id, _, errno := unix.Syscall(unix.SYS_SEMGET, uintptr(key), 1, 0o600|ipcCreate|ipcExcl)
	if errno != 0 {
		return nil, fmt.Errorf("create semaphore %#x: %w", uint32(key), errno)
	}
	s := &Semaphore{key: key, id: id}
	if _, _, errno := unix.Syscall6(unix.SYS_SEMCTL, id, 0, semSetVal, semNumber(value), 0, 0); errno != 0 {
		_ = s.Remove()
		return nil, fmt.Errorf("set semaphore %#x: %w", uint32(key), errno)
	}
	return s, nil
}

// semNumber is union semun with val set: the kernel takes the int from where
// it lies in memory, which is the upper half of the word on a big-endian
// 64-bit machine (ksys_semctl, ipc/sem.c).
func semNumber(value int) uintptr {
	var union uintptr
	*(*int32)(unsafe.Pointer(&union)) = int32(value)
	return union
}

// Key is what the other side opens the semaphore by.
func (s *Semaphore) Key() int32 { return s.key }

// Value reads the semaphore.
func (s *Semaphore) Value() (int, error) {
	v, _, errno := unix.Syscall6(unix.SYS_SEMCTL, s.id, 0, semGetVal, 0, 0, 0)
	if errno != 0 {
		return 0, fmt.Errorf("read semaphore %#x: %w", uint32(s.key), errno)
	}
	return int(v), nil
}

// Add adds n, which may be negative, and does not wait: it fails with EAGAIN
// where the value would fall below zero, with ERANGE where n or the value has
// more than 15 bits, and with EIDRM or EINVAL where the semaphore was removed.
func (s *Semaphore) Add(n int) error {
	if int(int16(n)) != n {
		return fmt.Errorf("add %d to semaphore %#x: %w", n, uint32(s.key), unix.ERANGE)
	}
	for {
		switch errno := semTimedOp(s.id, semBuf{op: int16(n), flag: ipcNoWait}, 0); errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return fmt.Errorf("add %d to semaphore %#x: %w", n, uint32(s.key), errno)
		}
	}
}

// WaitZero waits for the value to become zero. A semaphore that is removed
// meanwhile counts as zero: whoever removes it gives up the wait. The kernel
// cannot wait for a context, and never restarts semop after a signal, so the
// wait goes on in steps.
func (s *Semaphore) WaitZero(ctx context.Context) error {
	const step = 100 * time.Millisecond
	for {
		switch errno := semTimedOp(s.id, semBuf{}, step); errno {
		case 0, unix.EIDRM:
			return nil
		case unix.EAGAIN, unix.EINTR:
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("wait for semaphore %#x: %w", uint32(s.key), err)
			}
		case unix.EINVAL: // removed before this call
			return nil
		default:
			return fmt.Errorf("wait for semaphore %#x: %w", uint32(s.key), errno)
		}
	}
}

// Remove removes the semaphore. Removing it twice is no error.
func (s *Semaphore) Remove() error {
	_, _, errno := unix.Syscall6(unix.SYS_SEMCTL, s.id, 0, ipcRemove, 0, 0, 0)
	if errno != 0 && errno != unix.EIDRM && errno != unix.EINVAL {
		return fmt.Errorf("remove semaphore %#x: %w", uint32(s.key), errno)
	}
	return nil
}

// semTimedOp issues semtimedop(2) with one operation. No timeout is used where
// it is zero. The kernel's timespec of this call has 64-bit fields on every
// architecture: semTimedOpNumber is the call that takes them.
func semTimedOp(id uintptr, op semBuf, timeout time.Duration) unix.Errno {
	var limit *[2]int64
	if timeout > 0 {
		limit = &[2]int64{int64(timeout / time.Second), int64(timeout % time.Second)}
	}
	_, _, errno := unix.Syscall6(semTimedOpNumber, id, uintptr(unsafe.Pointer(&op)), 1, uintptr(unsafe.Pointer(limit)), 0, 0)
	return errno
}
