package store

import (
	"cmp"
	"time"
)

// Timing says how long rights last. The zero value is for stores that are used by real
// programs. Everybody who uses a store has the same.
type Timing struct {
	// TTL is how long a lease or lock lasts that is not renewed; it is renewed after a third of
	// that. Zero means 2 minutes.
	TTL time.Duration
	// Delay is the longest that a request may take to arrive. Nobody else takes what has run
	// out before that has passed too. Zero means a minute; buckets that are [Local] have none.
	Delay time.Duration
	// Margin is how much the clocks of two machines may differ. Zero means a minute.
	Margin time.Duration
	// Clock is the time. Nil means the machine's.
	Clock Clock
	// Manual sessions and collections renew what they hold only between what they write, in the goroutine that calls them: for who decides
	// about each call of a bucket, as tests do. A session that does not publish within a TTL is lost then.
	Manual bool
}

// Clock tells the time, and waits.
type Clock interface {
	Now() time.Time
	// After is as time.After.
	After(d time.Duration) <-chan time.Time
}

// Local is what a [Bucket] may have, too: true where no request goes on when the process
// that made it has ended, as with a directory of the same machine.
type Local interface {
	Local() bool
}

// Local is true: a call of the kernel ends with its process.
func (d *Dir) Local() bool { return true }

type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// or is t with what d says in place of zeros.
func (t Timing) or(d Timing) Timing {
	t.TTL = cmp.Or(t.TTL, d.TTL)
	t.Delay = cmp.Or(t.Delay, d.Delay)
	t.Margin = cmp.Or(t.Margin, d.Margin)
	if t.Clock == nil {
		t.Clock = d.Clock
	}
	t.Manual = t.Manual || d.Manual
	return t
}

// complete is t with the defaults in place of zeros.
func (t Timing) complete(b Bucket) Timing {
	if t.TTL == 0 {
		t.TTL = 2 * time.Minute
	}
	if t.Margin == 0 {
		t.Margin = time.Minute
	}
	if t.Delay == 0 {
		t.Delay = time.Minute
	}
	if local(b) {
		t.Delay = 0
	}
	if t.Clock == nil {
		t.Clock = realClock{}
	}
	return t
}

func local(b Bucket) bool {
	l, ok := b.(Local)
	return ok && l.Local()
}
