package engine

import (
	"errors"
	"fmt"
	"time"
)

// MaxWait bounds each wait of an asynchronous engine for a completion.
const MaxWait = 100 * time.Millisecond

// MaxDepth is the largest queue depth of an engine.
const MaxDepth = 4096

// ErrUnavailable says that this kernel, or its policy (seccomp,
// kernel.io_uring_disabled), does not offer the engine.
var ErrUnavailable = errors.New("engine not available")

// Op is what a [Request] asks for.
type Op uint8

// The operations.
const (
	Read     Op = iota
	Write       // of the slot's write buffer
	Sync        // fsync; offset and length mean nothing
	DataSync    // fdatasync
	Ops         // number of operations
)

// String names o as its system call does.
func (o Op) String() string {
	switch o {
	case Read:
		return "read"
	case Write:
		return "write"
	case Sync:
		return "fsync"
	case DataSync:
		return "fdatasync"
	}
	return fmt.Sprintf("op(%d)", uint8(o))
}

// Request is one I/O.
type Request struct {
	Offset int64 // bytes from the start of the file
	Length int32 // bytes, at most the block size
	Slot   int32 // 0 … Depth-1, unused by any request in flight
	Op     Op
}

// Completion is the end of the request that held Slot.
type Completion struct {
	Slot int32
	// Result is the number of bytes moved, 0 for the syncs, or a negated errno.
	Result int32
}

// Config is what an engine works on. FD, Depth and BlockSize are required.
type Config struct {
	// FD is an open file descriptor, which stays the caller's.
	FD int
	// Depth is the largest number of requests in flight, 1 … MaxDepth.
	// PSync has one in flight whatever it says.
	Depth int
	// BlockSize is the size of each slot's buffers in bytes.
	BlockSize int
	// FixedBuffers and FixedFile register buffers and file with io_uring
	// (fio's fixedbufs and registerfiles). Other engines ignore them.
	FixedBuffers, FixedFile bool
	// Scheduled makes PSync's system calls through Go's scheduler: more CPU
	// time per I/O, but a device that hangs does not hold up the process.
	Scheduled bool
}

func (c Config) check() error {
	switch {
	case c.Depth < 1 || c.Depth > MaxDepth:
		return fmt.Errorf("engine: depth %d is not in 1…%d", c.Depth, MaxDepth)
	case c.BlockSize < 1 || c.BlockSize > 1<<30:
		return fmt.Errorf("engine: block size %d is not in 1…%d", c.BlockSize, 1<<30)
	}
	return nil
}

// Engine moves blocks. It is used from the thread that opened it only.
type Engine interface {
	// Cycle hands requests to the kernel in order, then collects completions:
	// those that are ready, at most the given number, and for at least the
	// other it waits up to [MaxWait]. It may return fewer, or none. Where the
	// kernel is short of resources for a request, the engine keeps it and
	// sends it in a later Cycle. A request that fails is a completion with an
	// errno; an error of Cycle itself means that the engine is unusable. The
	// slice is valid until the next Cycle.
	Cycle(requests []Request, least, most int) ([]Completion, error)
	// ReadBuffer and WriteBuffer are the memory of a slot. It is the
	// caller's while no request is in flight in the slot.
	ReadBuffer(slot int32) []byte
	WriteBuffer(slot int32) []byte
	// Close frees everything. Requests must not be in flight.
	Close() error
}

// Info says what was asked for and what is used.
type Info struct {
	Requested Kind `json:"requested"`
	Used      Kind `json:"used"`
	// Mode is io_uring's way of running completions: "defer", "coop" or
	// "plain", each newer kernel's being cheaper; empty for other engines.
	Mode string `json:"mode,omitempty"`
	// Degraded says why Used is not Requested or Mode is not "defer".
	Degraded string `json:"degraded,omitempty"`
}

// Open opens an engine of the given kind, on the calling thread, which must be
// locked. io_uring degrades with the kernel: it leaves out DEFER_TASKRUN before
// Linux 6.1 and COOP_TASKRUN before 5.19, and without usable io_uring (none,
// forbidden, or before 5.11) LibAIO takes its place; Info says so. What is not
// available at all is [ErrUnavailable].
func Open(kind Kind, c Config) (Engine, Info, error) { return open(kind, c, uringSetup) }

func open(kind Kind, c Config, setup setupFunc) (Engine, Info, error) {
	info := Info{Requested: kind, Used: kind}
	if err := c.check(); err != nil {
		return nil, info, err
	}
	switch kind {
	case PSync:
		e, err := newPSync(c)
		return result(e, info, err)
	case LibAIO:
		e, err := newAIO(c)
		return result(e, info, err)
	case URing:
		e, err := newURing(c, setup)
		if err == nil {
			info.Mode, info.Degraded = e.mode, e.degraded
			return e, info, nil
		}
		if !errors.Is(err, ErrUnavailable) {
			return nil, info, err
		}
		info.Used, info.Degraded = LibAIO, err.Error()
		a, err := newAIO(c)
		return result(a, info, err)
	}
	return nil, info, fmt.Errorf("engine: unknown kind %d: %w", kind, ErrUnavailable)
}

// result keeps a nil *T from becoming a non-nil Engine.
func result[T Engine](e T, info Info, err error) (Engine, Info, error) {
	if err != nil {
		return nil, info, err
	}
	return e, info, nil
}
