package composertest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// atOnce has two writers and a collector at work at the same time, mostly at one name, and sometimes one who verifies. One of
// them may be killed.
func (h *history) atOnce() {
	h.what = "at once"
	h.did.add("at once", 1)
	name := one(h, h.there(isOurs)...)
	other := name
	if h.rng.IntN(3) == 0 {
		other = one(h, ours()...)
	}
	jobs := []*job{h.writing(name), h.writing(other), h.collecting()}
	if h.rng.IntN(3) == 0 {
		jobs = append(jobs, h.verifying())
		h.did.add("verified at once", 1)
	}
	t := &turns{rng: rand.New(rand.NewPCG(h.rng.Uint64(), 9)), clock: h.clock}
	weights := []int{one(h, 1, 1, 8), one(h, 1, 1, 8), one(h, 1, 10, 40), 2} // a collection makes more calls
	errs, does := make([]error, len(jobs)), make([]func(), len(jobs))
	killed := h.rng.IntN(4 * len(jobs))
	for i, j := range jobs {
		h.what += ", " + j.what
		ctx, cancel := context.WithCancel(h.ctx)
		defer cancel()
		p := t.join(h.place.Bucket, weights[i], cancel)
		faulty := &storetest.Faulty{Bucket: p}
		o := h.options
		o.Timing.Clock = p
		st, err := store.New(ctx, faulty, o)
		require.NoError(h.t, err)
		if i == killed {
			h.what += " (killed)"
			at := h.aim()
			faulty.Plan = func(c storetest.Call) storetest.Fault {
				if !at(c) {
					return storetest.Fault{}
				}
				return storetest.Fault{Kill: true, After: storetest.ErrKilled}
			}
		}
		does[i] = func() { errs[i] = j.run(ctx, st) }
	}
	if h.rng.IntN(2) == 0 { // another collection behind the first
		first := does[2]
		does[2] = func() {
			if first(); errs[2] == nil {
				first()
			}
		}
	}
	t.run(does...)
	for i, err := range errs {
		switch {
		case i == killed && errors.Is(err, storetest.ErrKilled):
		case i < 2 && isOthers(err):
		case killed < len(jobs) && (errors.Is(err, context.Canceled) || errors.Is(err, store.ErrLocked)): // waited for its lock
		default:
			require.NoError(h.t, err, "%s: %s", h.what, jobs[i].what)
		}
	}
	if errs[2] == nil {
		h.did.add("collected at once", 1)
	}
	h.settleBoth(jobs[0], errs[0], jobs[1], errs[1])
	h.restart()
}

// writing is what one of several writers does with a map, which is refused where the others were faster.
func (h *history) writing(name string) *job {
	n := h.rng.IntN(8)
	if h.now(name) == nil {
		n = h.rng.IntN(4)
	}
	switch n {
	case 0:
		return h.registering(name)
	case 1, 2:
		return h.updating(name, one(h, h.there(isOurs)...), true)
	case 3:
		return h.grouping(name, true)
	case 4:
		return h.removing(name)
	case 5, 6:
		if j := h.upgrading(name); j != nil {
			return j
		}
	}
	return h.labelling(name)
}

// settleBoth notes what maps may be behind two calls that were made at once: what one of them that succeeded has made,
// whichever was last; and if none did, or it was a call that keeps volumes, also what was there before.
func (h *history) settleBoth(a *job, errA error, b *job, errB error) {
	may := map[string][][]byte{}
	for _, j := range []*job{a, b} {
		for name := range j.after {
			if _, done := may[name]; done {
				h.did.add("both at one name", 1)
				h.requireOneBehind(a.made[name], b.made[name])
				continue
			}
			may[name] = outcomes(name, h.before(name), a, errA, b, errB)
		}
	}
	for name, m := range may { // a backup is of what the map was at any moment
		if composer.IsBackup(name) {
			of := backedUp(name)
			may[name] = slices.Concat(m, h.before(of), may[of])
		}
	}
	for name, m := range may {
		h.may[name] = m
	}
}

func outcomes(name string, before [][]byte, a *job, errA error, b *job, errB error) (may [][]byte) {
	made := false
	for _, one := range []struct {
		*job
		err error
	}{{a, errA}, {b, errB}} {
		m, touches := one.after[name]
		if !touches || one.kept[name] {
			continue
		}
		may = append(may, m...)
		_, sure := one.sure[name]
		made = made || one.err == nil || sure
	}
	if !made {
		may = append(may, before...)
	}
	return may
}

// requireOneBehind has one of two registrations of a name that both succeeded have replaced the other's map.
func (h *history) requireOneBehind(a, b composer.Registered) {
	if a.Name == "" || b.Name == "" {
		return
	}
	h.did.add("both made it", 1)
	same := a.Header.Root() == b.Header.Root()
	require.True(h.t, same || a.Previous == b.Header.Root() || b.Previous == a.Header.Root(), "%s: both replaced %s and %s", h.what, a.Previous, b.Previous)
}
