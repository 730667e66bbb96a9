package model

import (
	"math/rand/v2"
	"strings"
)

// turn is what happens at a call that is told: the next one that begins so. It gets the call, and makes it, or not, and returns
// what is answered.
type turn struct {
	begins string
	do     func(call func() error) error
}

// alone is an actor whose calls are made at once. What is to happen at some of them is told before: so a history that is a
// matter of luck elsewhere is one that is written down.
func (w *world) alone(name string) *actor {
	return &actor{w: w, name: name, alone: true, rng: rand.New(rand.NewPCG(w.rng.Uint64(), 2))}
}

// at tells what happens at the next call that begins so.
func (a *actor) at(begins string, do func(call func() error) error) {
	a.told = append(a.told, turn{begins, do})
}

// late has the next call that begins so come late: its answer is lost.
func (a *actor) late(begins string) {
	a.at(begins, func(call func() error) error {
		a.w.late = append(a.w.late, request{func() { _ = call() }, a.w.now, a.name + ": " + begins + " …"})
		return errLost
	})
}

// before has something happen before the next call that begins so.
func (a *actor) before(begins string, do func()) {
	a.at(begins, func(call func() error) error {
		do()
		return call()
	})
}

// tell makes a call as it was told.
func (a *actor) tell(text string, call func() error) error {
	for i, t := range a.told {
		if strings.HasPrefix(text, t.begins) {
			a.told = append(a.told[:i], a.told[i+1:]...)
			return t.do(call)
		}
	}
	return call()
}
