package bench

import (
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/bench/pattern"
)

// worker is one job on one target. All of its fields are its own
// while it runs a slice, and the coordinator's between slices.
type worker struct {
	job    Job
	target Target
	source source
	clock  time.Time // all times are nanoseconds since
	halt   *atomic.Bool

	file   *engine.File
	engine engine.Engine
	info   engine.Info

	places []place // of I/Os in flight, by slot
	free   []int32 // slots that are not in flight
	batch  []engine.Request
	data   [][]byte // write buffers, by slot
	stamp  pattern.Rand

	// How many completions to take at most.
	whileFilling, whenFull int

	tally tally
	cpu   *cpuCount // of the session
	phase phase
	err   error // the first I/O error, or what broke the engine

	ready    chan error
	commands chan slice
	done     chan<- *worker
	closed   chan error
}

// place is an I/O in flight.
type place struct {
	start  int64
	offset int64
	length int32
	op     engine.Op
}

// main is the worker's goroutine: open, slices until there are no more, close.
//
// It keeps its thread where the kernel ties a queue to one. With psync it does
// not: the runtime preempts every 10 ms what it takes for a long computation, a
// raw system call included, and a goroutine that is locked then changes threads
// twice: with 64 of them 7 % of the processor time, and p99 a quarter longer.
func (w *worker) main() {
	if w.job.Engine != engine.PSync {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	err := w.open()
	w.ready <- err
	if err != nil {
		return
	}
	for s := range w.commands {
		w.run(s)
		w.done <- w
	}
	w.closed <- w.close()
}

func (w *worker) open() error {
	j := &w.job
	var err error
	if w.file, err = w.target.open(*j, false); err != nil {
		return err
	}
	w.engine, w.info, err = engine.Open(j.Engine, engine.Config{
		FD: w.file.FD(), Depth: j.IODepth, BlockSize: int(j.BlockSize),
		FixedBuffers: j.FixedBuffers, FixedFile: j.FixedFile, Scheduled: j.Scheduled,
	})
	if err != nil {
		return joinErrors(err, w.file.Close())
	}
	w.prepare()
	return nil
}

// prepare makes the queue and the data for the engine.
func (w *worker) prepare() {
	j := &w.job
	depth := j.IODepth
	if w.info.Used == engine.PSync {
		depth = 1
	}
	w.whileFilling, w.whenFull = depth, depth
	if j.BatchCompleteMax > 0 {
		w.whileFilling, w.whenFull = 0, j.BatchCompleteMax
	}
	w.places = make([]place, depth)
	w.free = make([]int32, 0, depth)
	w.batch = make([]engine.Request, 0, min(j.BatchSubmit, depth))
	for slot := range int32(depth) {
		w.free = append(w.free, slot)
		if j.RW.Writes() && !j.ZeroBuffers {
			w.data = append(w.data, w.engine.WriteBuffer(slot))
			fillRandom(w.data[slot], &w.stamp)
		}
	}
}

func (w *worker) close() error { return joinErrors(w.engine.Close(), w.file.Close()) }

func (w *worker) now() int64 { return int64(time.Since(w.clock)) }

func (w *worker) inFlight() int { return len(w.places) - len(w.free) }

// run is the hot path: it fills the queue, submits, reaps and records until
// the slice ends, and then drains.
func (w *worker) run(s slice) {
	w.begin(s)
	for {
		if w.halt.Load() {
			w.phase.filling = false
		}
		batch := w.fill()
		if len(batch) == 0 && w.inFlight() == 0 {
			break
		}
		least, most := 0, w.whileFilling
		if len(w.free) == 0 || !w.phase.filling {
			least, most = min(w.job.BatchCompleteMin, w.inFlight()), w.whenFull
		}
		if len(batch) > 0 {
			start := w.now()
			for i := range batch {
				w.places[batch[i].Slot].start = start
			}
		}
		done, err := w.engine.Cycle(batch, least, most)
		if err != nil {
			w.fail(err)
			break
		}
		switch {
		case len(done) > 0:
			w.complete(done)
		case least > 0:
			w.passTime(w.now()) // nothing came for engine.MaxWait
		}
	}
	w.stopMeasuring(w.phase.last)
}

// fill takes requests from the source into free slots.
func (w *worker) fill() []engine.Request {
	batch := w.batch[:0]
	for w.phase.filling && len(w.free) > 0 && len(batch) < cap(batch) {
		var r engine.Request
		if !w.source.next(&r) {
			w.phase.filling = false
			break
		}
		r.Slot = w.free[len(w.free)-1]
		w.free = w.free[:len(w.free)-1]
		w.places[r.Slot] = place{offset: r.Offset, length: r.Length, op: r.Op}
		if r.Op == engine.Write && w.data != nil {
			stampSectors(w.data[r.Slot], &w.stamp)
		}
		batch = append(batch, r)
	}
	return batch
}

func (w *worker) complete(done []engine.Completion) {
	now := w.now()
	for _, c := range done {
		p := &w.places[c.Slot]
		w.free = append(w.free, c.Slot)
		if c.Result != p.length {
			w.fail(w.ioError(p, c.Result))
		} else if w.phase.measuring {
			w.tally.add(p.op, now-p.start)
		}
	}
	w.phase.last = now
	w.passTime(now)
}

func (w *worker) ioError(p *place, result int32) error {
	e := &IOError{Target: w.target.name(), Op: p.op, Offset: p.offset, Length: int(p.length), Err: ErrShort, Done: int(result)}
	if result < 0 {
		e.Err, e.Done = unix.Errno(-result), 0
	}
	return e
}

// fail ends the job on all of the target's workers; the first error stays.
func (w *worker) fail(err error) {
	if w.err == nil {
		w.err = err
	}
	w.halt.Store(true)
	w.phase.filling = false
}
