package bench

import (
	"sync"

	"github.com/rok-storage/rok/bench/engine"
)

// cpuCount is the processor time of the process while at least one worker of a
// session counts its I/Os. It is the process's and not the threads' sum,
// because a worker may change threads.
type cpuCount struct {
	mu       sync.Mutex
	counting int // workers
	meter    engine.Meter
	began    engine.CPU // the process's when the first of them began
	total    engine.CPU // of the stretches that ended
}

func (c *cpuCount) start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counting++; c.counting == 1 {
		c.began = c.meter.Process()
	}
}

func (c *cpuCount) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counting--; c.counting == 0 {
		c.total = c.total.Add(c.meter.Process().Sub(c.began))
	}
}

// used is the total, with that of workers that still count: stuck ones.
func (c *cpuCount) used() engine.CPU {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counting == 0 {
		return c.total
	}
	return c.total.Add(c.meter.Process().Sub(c.began))
}
