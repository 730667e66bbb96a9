package bench

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"

	"github.com/rok-storage/rok/bench/engine"
)

// measuring is held by the one measurement that may run in the process: the
// settings of the runtime that a window changes exist once per process, and
// two measurements at a time would disturb each other anyway.
var measuring = make(chan struct{}, 1)

// headroom is what the heap may grow by while the collector is off. Nothing
// that measures allocates, but other goroutines of the process may.
const headroom = 256 << 20

// window is the time in which the runtime is set for measuring.
type window struct {
	procs  int   // GOMAXPROCS before
	gc     int   // GOGC before
	limit  int64 // GOMEMLIMIT before
	before runtime.MemStats
	after  runtime.MemStats
	meter  engine.Meter
	cpu    engine.CPU
}

// openWindow waits for its turn and sets the runtime for the given number of
// threads that do I/O at a time.
func openWindow(ctx context.Context, threads int) (*window, error) {
	// Both cases below may be ready.
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	select {
	case measuring <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("bench: wait for another measurement: %w", ctx.Err())
	}
	runtime.GC()
	w := &window{procs: runtime.GOMAXPROCS(0)}
	if threads+2 > w.procs {
		runtime.GOMAXPROCS(threads + 2)
	}
	w.gc = debug.SetGCPercent(-1)
	w.limit = debug.SetMemoryLimit(-1)
	runtime.ReadMemStats(&w.before)
	if grown := int64(w.before.Sys) + headroom; w.limit == math.MaxInt64 || w.limit > grown {
		debug.SetMemoryLimit(grown)
	}
	return w, nil
}

// close restores what was.
func (w *window) close() {
	debug.SetMemoryLimit(w.limit)
	debug.SetGCPercent(w.gc)
	runtime.GOMAXPROCS(w.procs)
	<-measuring
}

// begin and end bracket what is measured, while no worker runs.
func (w *window) begin() {
	runtime.ReadMemStats(&w.before)
	w.cpu = w.meter.Process()
}

func (w *window) end(s *SelfCheck) {
	s.Process = s.Process.Add(w.meter.Process().Sub(w.cpu))
	runtime.ReadMemStats(&w.after)
	s.Mallocs += w.after.Mallocs - w.before.Mallocs
	s.GCs += w.after.NumGC - w.before.NumGC
}
