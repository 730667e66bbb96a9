package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// A world is a bucket and actors that use it at the same time, each in a goroutine of its
// own. An actor waits at each call of the bucket until all others wait too, and is then picked, or
// not, by a generator of random numbers: so each seed is one history, down to the order of calls.
type world struct {
	rng    *rand.Rand
	memory store.Bucket
	now    time.Time
	faults bool // calls are lost, late, done twice; actors are killed
	ttl    time.Duration

	events chan *actor // one that has come to a call, or to its end
	moving int         // actors between calls
	ready  []*actor    // actors at a call
	late   []request
	trace  []string
	// changed is called when a call may have broken a map.
	changed func()
}

const (
	delay  = 60 * time.Second
	margin = 10 * time.Second
)

var (
	errKilled = errors.New("killed")
	errLost   = errors.New("answer was lost")
)

// request is a call that is on its way.
type request struct {
	do   func()
	sent time.Time
	text string
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

type actor struct {
	w      *world
	name   string
	skew   time.Duration // of its clock
	rng    *rand.Rand
	turn   chan fate
	killed bool
	ended  bool

	// Of the call that it waits at:
	text   string
	sent   time.Time
	writes bool
	due    time.Time // of a wait; else zero
	limit  time.Time // of a wait that does not last longer; else zero
	asleep int       // steps for which it is passed over
}

// newWorld is one whose objects are in that bucket; nil is one in memory.
func newWorld(seed uint64, faults bool, bucket store.Bucket) *world {
	// Requests may be on their way for longer than a lease lasts, or not.
	w := &world{ttl: []time.Duration{120 * time.Second, 20 * time.Second, 300 * time.Second}[seed%3], rng: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1e9, 0), faults: faults, events: make(chan *actor)}
	w.memory = bucket
	if bucket == nil {
		w.memory = &storetest.Memory{Now: func() time.Time { return w.now }}
	}
	return w
}

// start begins an actor.
func (w *world) start(name string, run func(*actor)) {
	a := &actor{w: w, name: name, turn: make(chan fate)}
	a.rng = rand.New(rand.NewPCG(w.rng.Uint64(), 2))
	a.skew = time.Duration(w.rng.Int64N(int64(margin))) - margin/2
	w.moving++
	go func() {
		run(a)
		a.ended = true
		w.events <- a
	}()
}

// run lets things happen until all actors have ended, and nothing is on its way.
func (w *world) run() error {
	for steps := 0; ; steps++ {
		for w.moving > 0 {
			a := <-w.events
			w.moving--
			if !a.ended {
				w.ready = append(w.ready, a)
			}
		}
		if len(w.ready) == 0 && len(w.late) == 0 {
			return nil
		}
		if steps > 50000 {
			return errors.New("no end")
		}
		w.step()
	}
}

func (w *world) step() {
	switch n := w.rng.IntN(100); {
	case len(w.late) > 0 && n < 3 || len(w.ready) == 0:
		if len(w.late) == 0 {
			return
		}
		w.arrive(w.rng.IntN(len(w.late)))
	case n < 5:
		w.advance(time.Duration(w.rng.Int64N(int64(w.ttl / 6))))
	case n < 6 && w.faults:
		w.advance(time.Duration(w.rng.Int64N(int64(w.ttl + 2*(delay+margin)))))
	default:
		i := w.rng.IntN(len(w.ready))
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
		w.moving++
		a.turn <- w.fate(a)
	}
}

func (w *world) fate(a *actor) fate {
	if !w.faults || !a.due.IsZero() {
		return done
	}
	n := w.rng.IntN(1000)
	objects := strings.Contains(a.text, " map/") || strings.HasPrefix(a.text, "delete blk/") || strings.HasPrefix(a.text, "delete node/")
	switch {
	case objects && a.writes && n > 900: // the calls that matter
		return comesLate
	case n < 8:
		return killed
	case n < 14:
		return lostBefore
	case n < 20 && a.writes:
		return lostAfter
	case n < 28 && a.writes:
		return comesLate
	case n < 40 && a.writes:
		return twice
	}
	return done
}

// advance lets time pass, as far as no request gets older than may be.
func (w *world) advance(d time.Duration) {
	to := w.now.Add(d)
	for _, a := range w.ready {
		if limit := a.sent.Add(delay); a.writes && to.After(limit) {
			to = limit
		}
		if !a.limit.IsZero() && to.After(a.limit) {
			to = a.limit
		}
	}
	for i := len(w.late) - 1; i >= 0; i-- {
		if !to.Before(w.late[i].sent.Add(delay)) {
			w.arrive(i)
		}
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
	w.trace = append(w.trace, fmt.Sprintf("%5.0f %s", w.now.Sub(time.Unix(1e9, 0)).Seconds(), text))
}

// Now is the actor's clock.
func (a *actor) Now() time.Time { return a.w.now.Add(a.skew) }

// After waits with the world.
func (a *actor) After(d time.Duration) <-chan time.Time {
	a.due = a.w.now.Add(d)
	a.wait("wait", false)
	a.due = time.Time{}
	c := make(chan time.Time, 1)
	c <- a.Now()
	return c
}

// hesitate is a process that the machine does not let run for a while, between what it looked at and the call that it makes then:
// others do many things meanwhile.
func (a *actor) hesitate(most time.Duration) {
	if !a.w.faults || a.killed || a.rng.IntN(5) > 0 {
		return
	}
	a.asleep = a.rng.IntN(100)
	a.limit = a.w.now.Add(most)
	a.due = a.w.now.Add(time.Duration(a.rng.Int64N(int64(most))))
	a.wait("hesitate", false)
	a.due, a.limit = time.Time{}, time.Time{}
}

func (a *actor) wait(text string, writes bool) fate {
	a.text, a.writes, a.sent = text, writes, a.w.now
	a.w.events <- a
	return <-a.turn
}

// call waits for its turn, and does the call as its fate is. Who is killed never calls again.
func (a *actor) call(text string, writes bool, do func() error) error {
	if a.killed {
		return errKilled
	}
	f := a.wait(text, writes)
	note := func(what string) { a.w.log(a.name + ": " + text + what) }
	sent := a.sent
	switch f {
	case killed:
		a.killed = true
		switch n := a.w.rng.IntN(3); {
		case !writes || n == 0:
			note(" KILLED before")
		case n == 1:
			note(" KILLED behind")
			_ = do()
		default:
			note(" KILLED, late")
			a.w.late = append(a.w.late, request{func() { _ = do() }, sent, a.name + ": " + text})
		}
		return errKilled
	case lostBefore:
		note(" LOST")
		return errLost
	case lostAfter:
		note(" ANSWER LOST")
		_ = do()
		return errLost
	case comesLate:
		note(" LATE")
		a.w.late = append(a.w.late, request{func() { _ = do() }, sent, a.name + ": " + text})
		return errLost
	case twice:
		note(" TWICE")
		err := do()
		_ = do()
		return err
	}
	err := do()
	if writes {
		note(fmt.Sprintf(" -> %v", err))
	}
	return err
}
