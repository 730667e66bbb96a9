package composertest

import (
	"sync"
	"time"
)

// clock moves when a history says so. Leases are not renewed by it, since steps take no time. Who waits for a lock looks again at
// once; nobody has one for longer than a call, so many looks are too many.
type clock struct {
	stuck func() // is called then

	mu    sync.Mutex
	now   time.Time
	looks int
}

// looksAtMost is how often locks are looked at in a history.
const looksAtMost = 5000

func newClock(stuck func()) *clock {
	return &clock{stuck: stuck, now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// Now is the time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After comes at once where a lock is waited for, and else never.
func (c *clock) After(d time.Duration) <-chan time.Time {
	if d > time.Second {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.looks++; c.looks == looksAtMost {
		c.stuck()
	}
	come := make(chan time.Time, 1)
	come <- c.now
	return come
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
