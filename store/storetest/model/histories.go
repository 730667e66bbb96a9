package model

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
)

// Histories plays those histories, each in a place of its own, and returns what happened in them. After each call that may have broken
// a map, all maps are read: each is what it was acknowledged to be, or what was being made of it without an answer. In the
// end, when everything has ended and was collected, nothing is left that no map needs. It fails where not enough happened.
func Histories(t *testing.T, r Range, open Open) Counts {
	t.Helper()
	var total Counts
	for seed := r.First; seed < r.First+r.Count; seed++ {
		play(t, seed, open, &total)
	}
	t.Logf("%d histories from %d on: %+v", r.Count, r.First, total)
	total.require(t, r.Count)
	return total
}

// Trace plays one history, and returns what happened, call by call: always the same, on places of a kind. Each fifth is of an
// encrypted store, and is not: names and their order come of the store's random id.
func Trace(t *testing.T, seed uint64, open Open) []string {
	t.Helper()
	var total Counts
	return play(t, seed, open, &total)
}

func play(t *testing.T, seed uint64, open Open, total *Counts) []string {
	t.Helper()
	w := newWorld(seed)
	m := newModel(t, w, seed, open, total)
	more := 0
	if w.habits.tight {
		more = 4
	}
	for _, name := range []string{"a", "b", "c"}[:2+w.rng.IntN(2)] {
		m.writer(name, 3+more+w.rng.IntN(4))
	}
	for i := range 1 + w.rng.IntN(2) {
		m.collector(fmt.Sprint("gc", i), 2+2*more+w.rng.IntN(4))
	}
	if w.rng.IntN(2) == 0 {
		m.reader("reader", 4+w.rng.IntN(8))
	}
	if err := w.run(); err != nil {
		m.fatal("%v", err)
	}
	m.settle()
	total.Calls += w.calls
	require.NoError(t, w.place.Close(), "history %d", seed)
	return w.trace
}

// newModel makes the store of a history.
func newModel(t *testing.T, w *world, seed uint64, open Open, total *Counts) *model {
	t.Helper()
	place, err := open(History{seed, w.clock})
	require.NoError(t, err, "history %d", seed)
	w.place = place.complete()
	l, ok := w.place.Bucket.(store.Local)
	w.local = ok && l.Local()
	m := &model{world: w, t: t, seed: seed, did: total, maps: map[string]*knowledge{}}
	if seed%5 == 0 {
		m.key = bytes.Repeat([]byte{7}, store.KeySize)
	}
	last := w.alone("last")
	m.last, err = store.New(t.Context(), last.bucket(), store.Options{Create: true, Key: m.key, Timing: m.timing(last)})
	require.NoError(t, err)
	m.inside, err = store.New(t.Context(), w.place.Inside, store.Options{Key: m.key})
	require.NoError(t, err)
	w.changed = m.verify
	return m
}

// fatal ends the test, with the last of what happened.
func (m *model) fatal(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("history %d: %s\n%s", m.seed, fmt.Sprintf(format, args...), m.lastOf(300))
}

// errorf has the test fail, when its history has come to its end.
func (m *model) errorf(format string, args ...any) {
	m.log("FAULT " + fmt.Sprintf(format, args...))
	m.t.Errorf("history %d: %s\n%s", m.seed, fmt.Sprintf(format, args...), m.lastOf(200))
}

func (m *model) lastOf(lines int) string {
	return strings.Join(m.trace[max(0, len(m.trace)-lines):], "\n")
}
