package model

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A world is a bucket and actors that use it at the same time, each in a goroutine of its
// own. An actor waits at each call of the bucket until all others wait too, and is then picked, or
// not, by a generator of random numbers.
type world struct {
	rng    *rand.Rand
	place  Place
	local  bool // a machine's own bucket: nothing is late, repeated or on its way when its sender has ended
	now    time.Time
	faults bool // calls are lost, late, done twice; actors are killed
	ttl    time.Duration
	habits habits

	there keySet
	names numbered

	events chan *actor  // one that has come to a call, or to its end
	began  int          // actors so far
	moving atomic.Int32 // actors between calls
	ready  []*actor     // actors at a call
	late   []request
	trace  []string
	calls  int64
	// changed is called when a call may have broken a map.
	changed func()
}

const (
	delay  = 60 * time.Second
	margin = 10 * time.Second
)

// beginning is when each history begins.
func beginning() time.Time { return time.Unix(1e9, 0).UTC() }

var (
	errKilled = errors.New("killed")
	errLost   = errors.New("answer was lost")
)

// habits are how a world differs from others, in thousandths: what takes many rare things together happens in those in which they are not rare.
type habits struct {
	arrives int  // steps in which a late request arrives
	passes  int  // steps in which time passes, and a lease is renewed
	leaps   int  // steps in which it passes so that leases run out
	late    int  // changes of maps and objects that are late
	hurried bool // nobody waits who need not
	// tight: what is promised holds to the end and not longer. Who is slow takes as long as may be, late requests arrive at the last moment,
	// the clocks of collectors are fast and those of others slow.
	tight bool
}

func newHabits(rng *rand.Rand) habits {
	one := func(of ...int) int { return of[rng.IntN(len(of))] }
	if rng.IntN(3) == 0 {
		return habits{passes: one(2, 10), leaps: 1, late: 250, hurried: true, tight: true}
	}
	return habits{arrives: one(30, 30, 2), passes: one(40, 40, 10), leaps: one(10, 10, 1), late: one(100, 100, 250), hurried: rng.IntN(3) == 0}
}

// request is a call that is on its way.
type request struct {
	do   func()
	sent time.Time
	text string
}

func newWorld(seed uint64) *world {
	rng := rand.New(rand.NewPCG(seed, 1))
	// Requests may be on their way for longer than a lease lasts, or not.
	ttl := []time.Duration{120 * time.Second, 20 * time.Second, 300 * time.Second}[seed%3]
	return &world{rng: rng, now: beginning(), ttl: ttl, faults: seed%4 != 0, habits: newHabits(rng), names: numbered{}, events: make(chan *actor)}
}

// delay is how long a request may be on its way.
func (w *world) delay() time.Duration {
	if w.local {
		return margin / 2 // a process may be slow to do what it has begun
	}
	return delay
}

// start begins an actor.
func (w *world) start(name string, run func(*actor)) {
	a := &actor{w: w, name: name, number: w.began, turn: make(chan fate)}
	w.began++
	a.rng = rand.New(rand.NewPCG(w.rng.Uint64(), 2))
	a.skew = time.Duration(w.rng.Int64N(int64(margin))) - margin/2
	switch {
	case w.local:
		a.skew = 0
	case w.habits.tight && strings.HasPrefix(name, "gc"):
		a.skew = margin/2 - 1
	case w.habits.tight:
		a.skew = -margin / 2
	}
	w.moving.Add(1)
	go func() {
		run(a)
		a.ended = true
		w.events <- a
	}()
}

// run lets things happen until all actors have ended, and nothing is on its way.
func (w *world) run() error {
	for steps := 0; ; steps++ {
		for w.moving.Load() > 0 {
			a := <-w.events
			w.moving.Add(-1)
			if !a.ended {
				w.ready = append(w.ready, a)
			}
			slices.SortFunc(w.ready, func(a, b *actor) int { return a.number - b.number }) // those that began together came in any order
		}
		if len(w.ready) == 0 && len(w.late) == 0 {
			return nil
		}
		if steps > 100000 {
			return errors.New("no end")
		}
		w.step()
	}
}

func (w *world) step() {
	h := w.habits
	switch n := w.rng.IntN(1000); {
	case len(w.ready) == 0 && h.tight:
		w.advance(delay)
	case len(w.ready) == 0, len(w.late) > 0 && n < h.arrives:
		w.arrive(w.rng.IntN(len(w.late)))
	case n >= h.arrives && n < h.arrives+h.passes:
		w.advance(time.Duration(w.rng.Int64N(int64(w.ttl / 6))))
	case n >= 900 && n < 900+h.leaps && w.faults:
		w.advance(time.Duration(w.rng.Int64N(int64(w.ttl + 2*(delay+margin)))))
	default:
		w.pick(w.rng.IntN(len(w.ready)))
	}
}

// pick lets an actor go on, unless it has to wait.
func (w *world) pick(i int) {
	a := w.ready[i]
	if a.asleep > 0 {
		a.asleep--
		return
	}
	if !a.writes && w.rng.IntN(60) == 0 { // what it knows gets old
		a.asleep = w.rng.IntN(60)
		return
	}
	if !a.due.IsZero() && a.due.After(w.now) {
		w.advance(a.due.Sub(w.now))
		return
	}
	w.ready = append(w.ready[:i], w.ready[i+1:]...)
	w.moving.Add(1)
	a.turn <- w.fate(a)
}

// fate is what becomes of a call.
type fate int

const (
	done fate = iota
	lostBefore
	lostAfter
	comesLate
	twice
	killed
)

func (w *world) fate(a *actor) fate {
	if !w.faults || !a.due.IsZero() {
		return done
	}
	n := w.rng.IntN(1000)
	matters := strings.Contains(a.text, " map/") || strings.HasPrefix(a.text, "delete blk/") || strings.HasPrefix(a.text, "delete node/")
	switch {
	case matters && a.writes && n >= 1000-w.habits.late && !w.local:
		return comesLate
	case n < 8:
		return killed
	case n < 14:
		return lostBefore
	case n < 20 && a.writes:
		return lostAfter
	case n < 28 && a.writes && !w.local:
		return comesLate
	case n < 40 && a.writes && !w.local:
		return twice
	}
	return done
}

// advance lets time pass, as far as no request gets older than may be.
func (w *world) advance(d time.Duration) {
	to := w.now.Add(d)
	for _, a := range w.ready {
		if limit := a.sent.Add(w.delay()); a.writes && to.After(limit) {
			to = limit
		}
		if !a.limit.IsZero() && to.After(a.limit) {
			to = a.limit
		}
	}
	for len(w.late) > 0 {
		first := 0
		for i, r := range w.late {
			if r.sent.Before(w.late[first].sent) {
				first = i
			}
		}
		last := w.late[first].sent.Add(delay)
		if to.Before(last) {
			break
		}
		w.now = last
		w.arrive(first)
	}
	if to.After(w.now) {
		w.now = to
	}
}

func (w *world) arrive(i int) {
	r := w.late[i]
	w.late = append(w.late[:i], w.late[i+1:]...)
	w.log("late: " + r.text)
	r.do()
}

func (w *world) log(text string) {
	w.trace = append(w.trace, fmt.Sprintf("%5.0f %s", w.now.Sub(beginning()).Seconds(), text))
}

// clock is the world's, without anybody's skew.
func (w *world) clock() time.Time { return w.now }
