package engine

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// uring is io_uring with one ring.
type uring struct {
	slots
	memory *memory
	ring   *ring
	fd     int32 // of the file, or its index when it is registered
	flags  uint8 // of each request
	fixed  bool
	flight int
	unsent int              // in the ring, not taken by the kernel
	alarm  bool             // is set in the kernel
	bound  []kernelTimespec // MaxWait
	wait   []uringWait
	done   []Completion

	mode, degraded string
}

// alarmData tells the alarm's completion from those of requests, whose data is
// their slot.
const alarmData = 1 << 63

func newURing(c Config, setup setupFunc) (*uring, error) {
	r, err := openRing(c.Depth, setup)
	if err != nil {
		return nil, err
	}
	m, err := newMemory(slotsSize(c) + 3*pageSize)
	if err != nil {
		return nil, closeAfter(err, r.close())
	}
	e := &uring{
		slots: newSlots(c, m), memory: m, ring: r, fd: int32(c.FD),
		bound: table[kernelTimespec](m.take(tableSize[kernelTimespec](1)), 1),
		wait:  table[uringWait](m.take(tableSize[uringWait](1)), 1),
		done:  make([]Completion, 0, c.Depth),
		mode:  r.mode, degraded: r.degraded,
	}
	e.bound[0] = kernelTimespec{nsec: int64(MaxWait)}
	e.wait[0].timeout = uint64(addressOf(&e.bound[0]))
	if err := e.register(c); err != nil {
		return nil, closeAfter(err, e.Close())
	}
	return e, nil
}

func (e *uring) register(c Config) error {
	arg := e.memory.take(pageSize)
	if c.FixedBuffers {
		// One registration covers all buffers; requests name it by index 0.
		v := &table[unix.Iovec](arg, 1)[0]
		v.Base = &e.buffers[0]
		v.SetLen(len(e.buffers))
		if errno := e.ring.register(uringRegisterBuffers, address(arg), 1); errno != 0 {
			return fmt.Errorf("engine: io_uring register buffers: %w", errno)
		}
		e.fixed = true
	}
	if c.FixedFile {
		table[int32](arg, 1)[0] = e.fd
		if errno := e.ring.register(uringRegisterFiles, address(arg), 1); errno != 0 {
			return fmt.Errorf("engine: io_uring register file: %w", errno)
		}
		e.fd, e.flags = 0, sqeFixedFile
	}
	return nil
}

// Cycle implements [Engine].
func (e *uring) Cycle(requests []Request, least, most int) ([]Completion, error) {
	e.done = e.done[:0]
	for i := range requests {
		e.prepare(&requests[i])
	}
	e.ring.publish()
	e.unsent += len(requests)
	// Submitting and waiting are two system calls, as in fio: where a worker of
	// the kernel does the I/O, as for a loop device, it can run in between. A
	// caller that goes to sleep in the call that wakes the worker gets a busy
	// processor back late: on two of them with a load of 8 it did half the I/Os
	// on a loop device, or less.
	if e.unsent > 0 {
		flags := uintptr(0)
		if least > 0 {
			// Those that are ready come into the ring, which a kernel that defers
			// their work does only when asked.
			flags = uringGetEvents
		}
		if err := e.submit(0, flags); err != nil {
			return nil, err
		}
	}
	if least = min(least, e.flight+e.unsent); e.ring.ready() < least {
		if err := e.await(least); err != nil {
			return nil, err
		}
	}
	e.harvest(most)
	return e.done, nil
}

func (e *uring) prepare(r *Request) {
	s := e.ring.nextSQE()
	*s = sqe{fd: e.fd, flags: e.flags, data: uint64(r.Slot)}
	switch r.Op {
	case Read:
		s.opcode = opRead
		if e.fixed {
			s.opcode = opReadFixed
		}
	case Write:
		s.opcode = opWrite
		if e.fixed {
			s.opcode = opWriteFixed
		}
	case DataSync:
		s.opFlags = sqeDataSync
		fallthrough
	default:
		s.opcode = opSync
		return
	}
	s.address, s.length, s.offset = uint64(e.buffer(r)), uint32(r.Length), uint64(r.Offset)
}

// await waits for the given number of completions, but not longer than
// [MaxWait]. For a wait with a time-out the kernel sets a timer and cancels it,
// a cost that a queue depth of 1 has with every I/O. A wait for one completion
// is bounded by an alarm instead, a request of its own that completes after
// MaxWait, whatever becomes of the others, and is set again then. Of a wait for
// more it would be one of them only.
func (e *uring) await(least int) error {
	switch {
	case least > 1 || e.unsent > 0: // the ring may have no room for an alarm
		return e.submit(least, uringGetEvents|uringEnterExtArg)
	case e.alarm:
		_, err := e.enter(0, least, uringGetEvents)
		return err
	}
	*e.ring.nextSQE() = sqe{opcode: opTimeout, fd: -1, address: uint64(addressOf(&e.bound[0])), length: 1, data: alarmData}
	e.ring.publish()
	n, err := e.enter(1, least, uringGetEvents)
	if e.alarm = n == 1; !e.alarm {
		e.ring.takeBack()
	}
	return err
}

// submit submits what is unsent and waits for the given number of completions.
func (e *uring) submit(least int, flags uintptr) error {
	n, err := e.enter(e.unsent, least, flags)
	e.unsent -= n
	e.flight += n
	return err
}

// enter is io_uring_enter: it returns how many of the requests in the ring the
// kernel took.
func (e *uring) enter(unsent, least int, flags uintptr) (int, error) {
	var arg, size uintptr
	if flags&uringEnterExtArg != 0 {
		arg, size = addressOf(&e.wait[0]), uintptr(tableSize[uringWait](1))
	}
	n, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(e.ring.fd), uintptr(unsent), uintptr(least), flags, arg, size)
	switch errno {
	case 0:
		return int(n), nil
	case unix.ETIME, unix.EINTR:
		return 0, nil
	case unix.EAGAIN, unix.EBUSY:
		// Short of memory, or of room for completions: both pass once what is
		// in flight completes.
		if e.flight > 0 {
			return 0, nil
		}
	}
	return 0, fmt.Errorf("engine: io_uring_enter: %w", errno)
}

func (e *uring) harvest(most int) {
	r := e.ring
	head, tail := *r.cqHead, atomic.LoadUint32(r.cqTail)
	if head == tail {
		return
	}
	for ; head != tail && len(e.done) < most; head++ {
		c := &r.cqes[head&r.cqMask]
		if c.data == alarmData {
			e.alarm = false
			continue
		}
		e.done = append(e.done, Completion{int32(c.data), c.result})
		e.flight--
	}
	atomic.StoreUint32(r.cqHead, head)
}

// Close implements [Engine].
func (e *uring) Close() error {
	return closeAfter(e.ring.close(), e.memory.free())
}
