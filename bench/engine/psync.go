package engine

import (
	"math/bits"

	"golang.org/x/sys/unix"
)

// psync is one pread, pwrite or fsync at a time.
type psync struct {
	slots
	memory  *memory
	vector  []unix.Iovec // one, where uintptr has 32 bits
	fd      uintptr
	syscall func(trap, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err unix.Errno)
	done    []Completion
}

func newPSync(c Config) (*psync, error) {
	m, err := newMemory(slotsSize(c) + pageSize)
	if err != nil {
		return nil, err
	}
	e := &psync{slots: newSlots(c, m), memory: m, fd: uintptr(c.FD), done: make([]Completion, 0, c.Depth)}
	e.vector = table[unix.Iovec](m.take(tableSize[unix.Iovec](1)), 1)
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
			n, errno = e.move(unix.SYS_PREAD64, unix.SYS_PREADV, r)
		case Write:
			n, errno = e.move(unix.SYS_PWRITE64, unix.SYS_PWRITEV, r)
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

// move reads or writes. Where an offset takes two registers, each architecture
// has its own pair of them for pread64; preadv has the same everywhere.
func (e *psync) move(trap, vectored uintptr, r *Request) (uintptr, unix.Errno) {
	if bits.UintSize == 64 {
		n, _, errno := e.syscall(trap, e.fd, e.buffer(r), uintptr(r.Length), uintptr(r.Offset), 0, 0)
		return n, errno
	}
	v := &e.vector[0]
	v.Base = &e.buffers[e.buffer(r)-e.base]
	v.SetLen(int(r.Length))
	n, _, errno := e.syscall(vectored, e.fd, addressOf(v), 1, uintptr(uint32(r.Offset)), uintptr(uint64(r.Offset)>>32), 0)
	return n, errno
}

// Close implements [Engine].
func (e *psync) Close() error { return e.memory.free() }
