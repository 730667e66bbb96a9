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

// atOnce has two writers and a collector at work at the same time, of which one may be killed.
func (h *history) atOnce() {
	h.what = "at once"
	h.did.add("at once", 1)
	jobs := []*job{h.writing(), h.writing(), h.collecting()}
	t := &turns{rng: rand.New(rand.NewPCG(h.rng.Uint64(), 9)), clock: h.clock}
	weights := []int{1, 1, one(h, 1, 10, 40)} // a collection makes more calls
	faults := make([]*storetest.Faulty, len(jobs))
	errs, does := make([]error, len(jobs)), make([]func(), len(jobs))
	killed := -1
	if h.rng.IntN(4) == 0 {
		killed = h.rng.IntN(len(jobs))
	}
	for i, j := range jobs {
		h.what += ", " + j.what
		ctx, cancel := context.WithCancel(h.ctx)
		defer cancel()
		p := t.join(h.place.Bucket, weights[i], cancel)
		faults[i] = &storetest.Faulty{Bucket: p}
		o := h.options
		o.Timing.Clock = p
		st, err := store.New(ctx, faults[i], o)
		require.NoError(h.t, err)
		if i == killed {
			h.what += " (killed)"
			at := h.aim()
			faults[i].Plan = func(c storetest.Call) storetest.Fault {
				return storetest.Fault{Kill: at(c), After: storetest.ErrKilled}
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
		if err != nil && !isOthers(err) && !errors.Is(err, storetest.ErrKilled) && !(killed >= 0 && errors.Is(err, context.Canceled)) {
			require.NoError(h.t, err, "%s: %s", h.what, jobs[i].what)
		}
	}
	if errs[2] == nil {
		h.did.add("collected at once", 1)
	}
	h.settleBoth(jobs[0], errs[0], jobs[1], errs[1])
	h.restart()
}

// writing is what one of several writers does, which is refused where the others were faster.
func (h *history) writing() *job {
	there := h.there(isOurs)
	switch h.rng.IntN(8) {
	case 0, 1:
		return h.registering(one(h, ours()...))
	case 2, 3:
		return h.updating(one(h, ours()...), one(h, there...), true)
	case 4:
		return h.grouping(true)
	case 5:
		return h.removing(one(h, there...))
	case 6:
		if j := h.upgrading(); j != nil {
			return j
		}
	}
	return h.labelling(one(h, there...))
}

// settleBoth notes what maps may be behind two calls that were made at once: what one of them that succeeded has made,
// whichever was last; and if none did, or it was a call that keeps volumes, also what was there before.
func (h *history) settleBoth(a *job, errA error, b *job, errB error) {
	may := map[string][][]byte{}
	for _, j := range []*job{a, b} {
		for name := range j.after {
			if _, done := may[name]; done {
				h.did.add("both at one name", 1)
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
