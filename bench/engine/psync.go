package engine

import (
	"golang.org/x/sys/unix"
)

// psync is one pread, pwrite or fsync at a time.
type psync struct {
	slots
	memory  *memory
	fd      uintptr
	syscall func(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err unix.Errno)
	done    []Completion
}

func newPSync(c Config) (*psync, error) {
	m, err := newMemory(slotsSize(c))
	if err != nil {
		return nil, err
	}
	e := &psync{slots: newSlots(c, m), memory: m, fd: uintptr(c.FD), done: make([]Completion, 0, c.Depth)}
	e.syscall = unix.RawSyscall6
	if c.Scheduled {
		e.syscall = unix.Syscall6
	}
	return e, nil
}

// Cycle implements [Engine]: when it returns, all requests are complete, and
// all are collected whatever the limits say.
func (e *psync) Cycle(requests []Request, _, _ int) ([]Completion, error) {
	e.done = e.done[:0]
	for i := range requests {
		e.done = append(e.done, Completion{requests[i].Slot, e.do(&requests[i])})
	}
	return e.done, nil
}

func (e *psync) do(r *Request) int32 {
	for {
		var n uintptr
		var errno unix.Errno
		switch r.Op {
		case Read:
			n, _, errno = e.syscall(unix.SYS_PREAD64, e.fd, e.buffer(r), uintptr(r.Length), uintptr(r.Offset), 0, 0)
		case Write:
			n, _, errno = e.syscall(unix.SYS_PWRITE64, e.fd, e.buffer(r), uintptr(r.Length), uintptr(r.Offset), 0, 0)
		case Sync:
			n, _, errno = e.syscall(unix.SYS_FSYNC, e.fd, 0, 0, 0, 0, 0)
		default:
			n, _, errno = e.syscall(unix.SYS_FDATASYNC, e.fd, 0, 0, 0, 0, 0)
		}
		if errno == 0 {
			return int32(n)
		}
		// The runtime's preemption signals interrupt what can be interrupted.
		if errno != unix.EINTR {
			return -int32(errno)
		}
	}
}

// Close implements [Engine].
func (e *psync) Close() error { return e.memory.free() }
