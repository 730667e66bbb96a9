package lvm

import "sync"

// abreast runs functions beside each other, some at a time.
type abreast struct {
	places chan struct{} // nil: one after the other
	under  sync.WaitGroup
}

func newAbreast(workers int) *abreast {
	if workers <= 1 {
		return &abreast{}
	}
	return &abreast{places: make(chan struct{}, workers)}
}

// run runs do, or begins to, as soon as there is a place for it.
func (w *abreast) run(do func()) {
	if w.places == nil {
		do()
		return
	}
	w.places <- struct{}{}
	w.under.Go(func() {
		defer func() { <-w.places }()
		do()
	})
}

// wait waits until all that run has begun is done.
func (w *abreast) wait() { w.under.Wait() }
