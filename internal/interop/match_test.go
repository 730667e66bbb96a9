package interop_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/units"
)

// match is a sequence of operations on two stands with the same on their disks.
// On the first one an operation is done by who is to do it, on the second one by
// the other. Then both must have the same, but for what differs between any two,
// and the second one becomes a copy of the first again.
type match struct {
	t             testing.TB
	first, second *stand
	state         *state // of the first
	trace         []string

	steps   int
	tally   *tally
	devices string // where there is device-mapper: what it has
}

// tally is what was done, of which kinds, and by whom.
type tally struct {
	kinds                  []kind
	changed, refused, idle int
	of                     map[string]map[actor]int
	refusedOf              map[string]int
}

func newTally(kinds []kind) *tally {
	return &tally{kinds: kinds, of: map[string]map[actor]int{}, refusedOf: map[string]int{}}
}

func newMatch(t testing.TB, sizes []units.Bytes, y *tally) *match {
	t.Helper()
	m := &match{t: t, first: newStand(t, sizes), second: newStand(t, sizes), tally: y}
	m.first.twin, m.second.twin = m.second, m.first
	var words []string
	for _, size := range sizes {
		words = append(words, fmt.Sprintf("%dk", size/units.KiB))
	}
	m.trace = append(m.trace, "disks "+strings.Join(words, " "))
	m.state = m.first.state()
	return m
}

// play does one operation.
func (m *match) play(o *operation) {
	m.t.Helper()
	m.trace = append(m.trace, o.String())
	m.steps++
	before := m.state
	on := m.first.do(o.by, o.args)
	off := m.second.do(o.by.other(), o.args)
	m.state = m.first.state()
	copied := m.second.state()
	fail := func(err error) {
		m.t.Helper()
		if err != nil {
			m.t.Fatalf("%v\n%s\n%s\n%s", strings.Join(m.trace, "\n"), on, off, err)
		}
	}
	changed := m.state.raw != before.raw
	if on.refused && on.by.side() == byLVM2 && m.state.neutral == before.neutral {
		changed = false // it committed something on its way, and took it back
	}
	switch {
	case on.refused && changed:
		fail(differ("it was refused, and the disks are not as before", "before", before.raw, "after", m.state.raw))
	case m.state.neutral == copied.neutral && on.refused != off.refused && changed:
		fail(fmt.Errorf("one refused, and the disks are the same"))
	}
	fail(differ("on the disks", string(o.by), m.state.neutral, string(o.by.other()), copied.neutral))
	if !m.first.offline {
		devices := m.devices
		fail(m.sameDevices(o, copied))
		changed = changed || m.devices != devices
	}
	if !changed && on.refused != off.refused && !m.idle(on, off) {
		fail(fmt.Errorf("one refused"))
	}
	m.count(o, changed, on.refused)
	if !m.first.offline {
		// Neither becomes a copy of the other: each has a history of both. What rok
		// wrote is looked at.
		if o.by.side() == byRok {
			fail(m.first.check(m.state, m.touched(before)))
		} else {
			fail(m.second.check(copied, m.touched(before)))
		}
		return
	}
	m.second.copyFrom(m.first)
	fail(m.first.check(m.state, m.touched(before)))
	if o.by.side() == byRok && changed && m.steps%4 == 0 {
		fail(m.second.rewritten(m.state, m.first))
		m.second.copyFrom(m.first)
	}
}

// sameDevices compares what the kernel has of the two stands' LVs.
func (m *match) sameDevices(o *operation, copied *state) error {
	v, err := lookAtKernel()
	if err != nil {
		return err
	}
	on, err := m.first.devices(m.state, v)
	if err != nil {
		return err
	}
	off, err := m.second.devices(copied, v)
	m.devices = on
	if err != nil {
		return err
	}
	return differ("devices", string(o.by), on, string(o.by.other()), off)
}

// idle: there was nothing to do, which lvm2 calls done and rok refuses, or the
// other way round; or a share of the free space was asked for, of which nothing
// fits, and lvm2 says that it is done and the size unchanged.
func (m *match) idle(a, b outcome) bool {
	if a.by.side() != byRok {
		a, b = b, a
	}
	if !a.refused {
		return false
	}
	return strings.Contains(a.said, "so already") ||
		strings.Contains(a.said, "no space") && strings.Contains(b.said, "unchanged from")
}

// touched are the disks that are not as they were.
func (m *match) touched(before *state) (numbers []int) {
	part := func(st *state, i int) string {
		_, rest, _ := strings.Cut(st.raw, fmt.Sprintf("%%%d:", i))
		rest, _, _ = strings.Cut(rest, fmt.Sprintf("%%%d:", i+1))
		return rest
	}
	for i := range m.first.disks {
		if part(before, i) != part(m.state, i) {
			numbers = append(numbers, i)
		}
	}
	return numbers
}

func (m *match) count(o *operation, changed, refused bool) {
	y := m.tally
	if y.of[o.kind] == nil {
		y.of[o.kind] = map[actor]int{}
	}
	y.of[o.kind][o.by.side()]++
	switch {
	case changed:
		y.changed++
	case refused:
		y.refused++
		y.refusedOf[o.kind]++
	default:
		y.idle++ // a backup, a tag that was there
	}
}

// print is the histogram.
func (y *tally) print(t testing.TB, took time.Duration) {
	var b strings.Builder
	for _, k := range y.kinds {
		fmt.Fprintf(&b, "  %-18s lvm2 %4d  rok %4d  refused %3d\n", k.name, y.of[k.name][byLVM2], y.of[k.name][byRok], y.refusedOf[k.name])
	}
	n := max(1, y.changed+y.refused+y.idle)
	t.Logf("%d operations in %v: %d changed something (%d%%), %d refused by both (%d%%), %d had nothing to change\n%s",
		n, took.Round(time.Second), y.changed, y.changed*100/n, y.refused, y.refused*100/n, y.idle, b.String())
}

// enough is how often each kind comes at least in a whole run, from each side.
const enough = 30

// least is how often a kind was lvm2's, or rok's, whatever is less.
func (y *tally) least(kind string) int { return min(y.of[kind][byLVM2], y.of[kind][byRok]) }

// both is how often a kind was done at all: on two VGs, by lvm2 on one of them and
// by rok on the other.
func (y *tally) both(kind string) int { return y.of[kind][byLVM2] + y.of[kind][byRok] }

// lacks reports whether a whole run has not enough of a kind yet.
func (y *tally) lacks(whole bool, from func(kind string) int) bool {
	for _, k := range y.kinds {
		if whole && from(k.name) < enough {
			return true
		}
	}
	return false
}

// requireShares requires of a whole run what its operations are to be: mostly
// ones that change something, some that are refused, and enough of each kind. from
// is how often a kind came from each side.
func (y *tally) requireShares(t testing.TB, from func(kind string) int) {
	t.Helper()
	for _, k := range y.kinds {
		require.GreaterOrEqual(t, from(k.name), enough, k.name)
	}
	n := y.changed + y.refused + y.idle
	require.GreaterOrEqual(t, y.changed*100, n*70, "changes")
	require.GreaterOrEqual(t, y.refused*100, n*10, "refused ones")
}

func parseSizes(t testing.TB, words []string) (sizes []units.Bytes) {
	t.Helper()
	for _, w := range words {
		b, err := units.ParseBytes(w)
		require.NoError(t, err)
		sizes = append(sizes, b)
	}
	return sizes
}
