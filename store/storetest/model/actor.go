package model

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rok-storage/rok/store"
)

// An actor is a process in a world: a clock, and a bucket in which each call waits for its turn.
type actor struct {
	w      *world
	name   string
	number int
	alone  bool          // nobody waits for turns: its calls are made at once
	told   []turn        // what is to happen at calls of who is alone
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

// Now is the actor's clock.
func (a *actor) Now() time.Time { return a.w.now.Add(a.skew) }

// After waits with the world.
func (a *actor) After(d time.Duration) <-chan time.Time {
	if a.alone {
		a.w.advance(d)
	} else {
		a.due = a.w.now.Add(d)
		a.wait("wait", false)
		a.due = time.Time{}
	}
	c := make(chan time.Time, 1)
	c <- a.Now()
	return c
}

// pause is up to so long, or nothing where the world is in a hurry.
func (a *actor) pause(most time.Duration) {
	if d := time.Duration(a.rng.Int64N(int64(most))); !a.w.habits.hurried || a.rng.IntN(4) == 0 {
		<-a.After(d)
	}
}

// hesitate is a process that the machine does not let run for a while, between what it looked at and the call that it makes then:
// others do many things meanwhile.
func (a *actor) hesitate(most time.Duration) {
	tight := a.w.habits.tight
	if !a.w.faults || a.alone || a.killed || !tight && a.rng.IntN(5) > 0 || tight && a.rng.IntN(3) > 0 {
		return
	}
	a.asleep = a.rng.IntN(100)
	a.limit = a.w.now.Add(most)
	a.due = a.w.now.Add(time.Duration(a.rng.Int64N(int64(most))))
	if tight {
		a.due = a.limit.Add(-1)
	}
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
	note := func(what string) { a.w.log(a.name + ": " + text + what) }
	if a.alone {
		a.w.calls++
		err := a.tell(text, do)
		note(" -> " + outcome(err))
		return err
	}
	f := a.wait(text, writes)
	a.w.calls++ // before, others that began together run too
	later := request{func() { _ = do() }, a.sent, a.name + ": " + text}
	switch f {
	case killed:
		a.killed = true
		switch n := a.w.rng.IntN(3); {
		case !writes || n == 0 || n == 2 && a.w.local:
			note(" KILLED before")
		case n == 1:
			note(" KILLED behind")
			_ = do()
		default:
			note(" KILLED, late")
			a.w.late = append(a.w.late, later)
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
		a.w.late = append(a.w.late, later)
		return errLost
	case twice:
		note(" TWICE")
		err := do()
		_ = do()
		return err
	}
	err := do()
	note(" -> " + outcome(err))
	return err
}

// outcome is an error without what differs between stores.
func outcome(err error) string {
	for _, known := range []error{store.ErrMissing, store.ErrExists, store.ErrChanged, store.ErrLocked, store.ErrLeaseLost, errKilled, errLost} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err == nil {
		return "done"
	}
	return fmt.Sprintf("%T %v", err, err)
}
