package engine

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ring is the memory that an io_uring shares with the kernel.
type ring struct {
	fd             int
	mode, degraded string

	sqTail *uint32
	tail   uint32 // of the submission queue, not yet published
	sqMask uint32
	sqes   []sqe

	cqHead, cqTail *uint32
	cqMask         uint32
	cqes           []cqe

	rings, entries []byte // the two mappings
}

// uringModes are tried in order. DEFER_TASKRUN, which runs completions only
// where the thread asks for them, saves a tenth of the CPU time per I/O.
var uringModes = [...]struct {
	name  string
	flags uint32
}{
	{"defer", uringSingleIssuer | uringDefer},
	{"coop", uringCoop},
	{"plain", 0},
}

// openRing makes a ring for the given number of requests in flight.
func openRing(depth int, setup setupFunc) (*ring, error) {
	var p uringParams
	r := &ring{fd: -1}
	for _, mode := range uringModes {
		p = uringParams{flags: uringClamp | mode.flags}
		fd, errno := setup(uint32(depth), &p)
		if errno == 0 {
			r.fd, r.mode = fd, mode.name
			break
		}
		if errno != unix.EINVAL {
			return nil, fmt.Errorf("engine: io_uring_setup: %w: %w", ErrUnavailable, errno)
		}
		r.degraded = fmt.Sprintf("kernel refuses io_uring mode %q", mode.name)
	}
	if r.fd < 0 {
		return nil, fmt.Errorf("engine: io_uring_setup: %w: %w", ErrUnavailable, unix.EINVAL)
	}
	unix.CloseOnExec(r.fd)
	if need := uint32(uringSingleMap | uringExtArg); p.features&need != need {
		return nil, closeAfter(fmt.Errorf("engine: io_uring without bounded waits (before Linux 5.11): %w", ErrUnavailable), r.close())
	}
	if err := r.mapQueues(&p); err != nil {
		return nil, closeAfter(err, r.close())
	}
	return r, nil
}

func (r *ring) mapQueues(p *uringParams) (err error) {
	const prot, flags = unix.PROT_READ | unix.PROT_WRITE, unix.MAP_SHARED | unix.MAP_POPULATE
	size := max(int(p.sq.array)+tableSize[uint32](int(p.sqEntries)), int(p.cq.cqes)+tableSize[cqe](int(p.cqEntries)))
	if r.rings, err = unix.Mmap(r.fd, uringOffsetRing, size, prot, flags); err != nil {
		return fmt.Errorf("engine: map io_uring queues: %w", err)
	}
	if r.entries, err = unix.Mmap(r.fd, uringOffsetSQEs, tableSize[sqe](int(p.sqEntries)), prot, flags); err != nil {
		return fmt.Errorf("engine: map io_uring entries: %w", err)
	}
	word := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.rings[offset])) }
	r.sqTail, r.sqMask, r.tail = word(p.sq.tail), *word(p.sq.mask), *word(p.sq.tail)
	r.cqHead, r.cqTail, r.cqMask = word(p.cq.head), word(p.cq.tail), *word(p.cq.mask)
	r.sqes = table[sqe](r.entries, int(p.sqEntries))
	r.cqes = table[cqe](r.rings[p.cq.cqes:], int(p.cqEntries))
	// The indirection from queue to entries stays the identity.
	for i := range table[uint32](r.rings[p.sq.array:], int(p.sqEntries)) {
		*word(p.sq.array + uint32(4*i)) = uint32(i)
	}
	return nil
}

// nextSQE is the next free request. The ring has as many entries as requests
// may be in flight, so there is one.
func (r *ring) nextSQE() *sqe {
	s := &r.sqes[r.tail&r.sqMask]
	r.tail++
	return s
}

// publish shows the kernel what nextSQE handed out.
func (r *ring) publish() { atomic.StoreUint32(r.sqTail, r.tail) }

// takeBack takes what nextSQE handed out last from the ring again. The kernel,
// which reads the ring inside a system call only, must not have taken it.
func (r *ring) takeBack() {
	r.tail--
	r.publish()
}

// ready is the number of completions that wait to be read.
func (r *ring) ready() int { return int(atomic.LoadUint32(r.cqTail) - *r.cqHead) }

func (r *ring) register(op, arg uintptr, n int) unix.Errno {
	_, _, errno := unix.RawSyscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), op, arg, uintptr(n), 0, 0)
	return errno
}

func (r *ring) close() error {
	var err error
	for _, m := range [][]byte{r.entries, r.rings} {
		if m != nil {
			err = closeAfter(err, unix.Munmap(m))
		}
	}
	return closeAfter(err, unix.Close(r.fd))
}
