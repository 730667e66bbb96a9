package engine

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// aio is the kernel's native asynchronous I/O. Completions are taken from the
// ring that the kernel maps into the process; io_getevents is called only to
// wait.
type aio struct {
	slots
	memory  *memory
	fd      uint32
	ctx     uintptr
	ring    *aioRing // nil: layout unknown, always io_getevents
	events  []aioEvent
	blocks  []iocb
	queue   []uintptr // addresses of control blocks that the kernel has not taken yet
	flight  int       // in the kernel
	noSync  bool      // the kernel refused IOCB_CMD_FSYNC
	timeout []unix.Timespec
	done    []Completion
}

func newAIO(c Config) (*aio, error) {
	m, err := newMemory(slotsSize(c) + pages(tableSize[iocb](c.Depth)) +
		pages(tableSize[uintptr](c.Depth)) + pages(tableSize[aioEvent](c.Depth)) + 2*pageSize)
	if err != nil {
		return nil, err
	}
	e := &aio{
		slots: newSlots(c, m), memory: m, fd: uint32(c.FD),
		blocks:  table[iocb](m.take(tableSize[iocb](c.Depth)), c.Depth),
		queue:   table[uintptr](m.take(tableSize[uintptr](c.Depth)), c.Depth)[:0],
		events:  table[aioEvent](m.take(tableSize[aioEvent](c.Depth)), c.Depth),
		timeout: table[unix.Timespec](m.take(tableSize[unix.Timespec](1)), 1),
		done:    make([]Completion, 0, 2*c.Depth),
	}
	e.timeout[0] = unix.NsecToTimespec(int64(MaxWait))
	handle := m.take(tableSize[uintptr](1))
	if _, _, errno := unix.RawSyscall(unix.SYS_IO_SETUP, uintptr(c.Depth), address(handle), 0); errno != 0 {
		if errno == unix.ENOSYS || errno == unix.EPERM {
			return nil, fmt.Errorf("engine: io_setup: %w: %w", ErrUnavailable, closeAfter(errno, m.free()))
		}
		return nil, fmt.Errorf("engine: io_setup, depth %d: %w", c.Depth, closeAfter(errno, m.free()))
	}
	e.ctx = table[uintptr](handle, 1)[0]
	e.ring = findAIORing(handle)
	return e, nil
}

// Cycle implements [Engine].
func (e *aio) Cycle(requests []Request, least, most int) ([]Completion, error) {
	e.done = e.done[:0]
	for i := range requests {
		e.prepare(&requests[i])
	}
	if len(e.queue) > 0 {
		if err := e.submit(); err != nil {
			return nil, err
		}
	}
	return e.reap(least, most)
}

func (e *aio) prepare(r *Request) {
	b := &e.blocks[r.Slot]
	*b = iocb{data: uint64(r.Slot), fd: e.fd}
	switch r.Op {
	case Read:
		b.opcode = iocbRead
	case Write:
		b.opcode = iocbWrite
	case Sync:
		b.opcode = iocbSync
	default:
		b.opcode = iocbDataSync
	}
	if r.Op == Read || r.Op == Write {
		b.buffer, b.length, b.offset = uint64(e.buffer(r)), uint64(r.Length), r.Offset
	}
	e.queue = append(e.queue, b.address())
}

// submit sends the queue, as much as the kernel takes.
func (e *aio) submit() error {
	sent := 0
loop:
	for sent < len(e.queue) {
		run, sync := e.run(sent)
		if sync {
			if e.flight > 0 {
				break
			}
			e.syncNow(sent)
			sent++
			continue
		}
		n, _, errno := unix.RawSyscall(unix.SYS_IO_SUBMIT, e.ctx, uintptr(run), addressOf(&e.queue[sent]))
		switch b := e.block(sent); {
		case errno == 0:
			sent += int(n)
			e.flight += int(n)
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			if e.flight == 0 {
				return fmt.Errorf("engine: io_submit: %w", errno)
			}
			break loop
		case errno == unix.EINVAL && b.isSync():
			e.noSync = true // before Linux 4.18
		default:
			// The kernel reports the first control block of the array.
			e.done = append(e.done, Completion{int32(b.data), -int32(errno)})
			sent++
		}
	}
	e.queue = e.queue[:copy(e.queue, e.queue[sent:])]
	return nil
}

// run is how many control blocks from the given one on may go to the kernel
// together; sync is true where the first is a sync that it does not know.
func (e *aio) run(from int) (n int, sync bool) {
	if !e.noSync {
		return len(e.queue) - from, false
	}
	for i := from; i < len(e.queue); i++ {
		if e.block(i).isSync() {
			return i - from, i == from
		}
	}
	return len(e.queue) - from, false
}

func (e *aio) syncNow(i int) {
	b := e.block(i)
	trap := uintptr(unix.SYS_FSYNC)
	if b.opcode == iocbDataSync {
		trap = unix.SYS_FDATASYNC
	}
	_, _, errno := unix.RawSyscall(trap, uintptr(e.fd), 0, 0)
	e.done = append(e.done, Completion{int32(b.data), -int32(errno)})
}

func (e *aio) reap(least, most int) ([]Completion, error) {
	most = min(most, len(e.events))
	for {
		e.harvest(most)
		if least = min(least, most, e.flight+len(e.done)); len(e.done) >= least {
			return e.done, nil
		}
		n, _, errno := unix.RawSyscall6(unix.SYS_IO_GETEVENTS, e.ctx, uintptr(least-len(e.done)), uintptr(most-len(e.done)),
			addressOf(&e.events[0]), addressOf(&e.timeout[0]), 0)
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			return nil, fmt.Errorf("engine: io_getevents: %w", errno)
		default:
			for i := range e.events[:n] {
				e.finish(&e.events[i])
			}
			return e.done, nil
		}
	}
}

// harvest takes what is complete without a system call.
func (e *aio) harvest(most int) {
	if e.ring == nil {
		return
	}
	for len(e.done) < most {
		ev := e.ring.next()
		if ev == nil {
			return
		}
		e.finish(ev)
		e.ring.advance()
	}
}

func (e *aio) finish(ev *aioEvent) {
	e.flight--
	e.done = append(e.done, Completion{int32(ev.data), int32(ev.result)})
}

// Close implements [Engine]. It waits for requests in flight without bound,
// because io_destroy does.
func (e *aio) Close() error {
	var err error
	if _, _, errno := unix.Syscall(unix.SYS_IO_DESTROY, e.ctx, 0, 0); errno != 0 {
		err = fmt.Errorf("engine: io_destroy: %w", errno)
	}
	return closeAfter(err, e.memory.free())
}
