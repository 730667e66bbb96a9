package composertest

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// do makes a call. Nothing happens meanwhile, or it is killed at any call of the bucket, or others come in between there, or
// the network is bad. Where it fails, its maps are what they were, or what they were to be; and the same call
// again, by another process, goes on.
func (h *history) do(j *job) {
	h.t.Helper()
	h.what = j.what
	h.did.add(j.what, 1)
	switch h.rng.IntN(8) {
	case 0, 1:
		h.killed(j)
	case 2, 3:
		h.disturbed(j)
	case 4, 5:
		h.unreliable(j)
	default:
		err := j.run(h.ctx, h.store)
		require.NoError(h.t, err, j.what)
		h.settle(j, false)
		if j.done != nil {
			j.done()
		}
	}
}

// killed makes a call in a process that is killed: before a call of the bucket, behind one, or while it is on its way.
func (h *history) killed(j *job) {
	at, kill, how := h.aim(), storetest.Fault{Kill: true}, "killed before"
	switch h.rng.IntN(3) {
	case 0:
		kill.After, how = storetest.ErrKilled, "killed behind"
	case 1:
		faulty := h.faulty
		kill, how = storetest.Fault{Late: true, Hook: func(context.Context) { faulty.Kill() }}, "killed, late"
	}
	killed := false
	h.faulty.Plan = func(c storetest.Call) storetest.Fault {
		if killed || !at(c) {
			return storetest.Fault{}
		}
		killed = true
		return kill
	}
	err := j.run(h.ctx, h.store)
	h.faulty.Plan = nil
	h.settle(j, err != nil)
	if !killed {
		require.NoError(h.t, err, j.what)
		return
	}
	h.did.add(how, 1)
	h.what += ", " + how
	if how == "killed, late" {
		h.arrive()
	}
	h.again(j, err)
}

// arrive has what is on its way arrive, the last first, before a minute is over, which is the longest that it may take.
func (h *history) arrive() {
	h.clock.advance(time.Duration(h.rng.IntN(55)) * time.Second)
	if h.rng.IntN(2) == 0 {
		h.between()
	}
	_ = h.faulty.Release(h.ctx) // nobody hears of it
}

// again is another process, which may make the same call.
func (h *history) again(j *job, failed error) {
	if failed != nil && h.rng.IntN(2) == 0 {
		h.check() // what is there now is what the call begins with
	}
	h.restart()
	if failed == nil || h.rng.IntN(2) == 0 {
		return
	}
	if h.rng.IntN(2) == 0 { // what the former call has put and nobody needs is gone
		c, err := h.calm.Collect(h.ctx, store.CollectOptions{})
		require.NoError(h.t, err, h.what)
		h.did.add("freed", int(c.Freed.Objects))
	}
	err := j.run(h.ctx, h.store)
	done := errors.Is(err, composer.ErrBase) || j.what == "remove" && errors.Is(err, store.ErrMissing) // by the former call
	if !done {
		require.NoError(h.t, err, "%s, again", h.what)
		h.settle(j, false)
	}
	h.did.add("again", 1)
	h.what += ", again"
}

// disturbed makes a call, and has others come in between.
func (h *history) disturbed(j *job) {
	aims, happened := []func(storetest.Call) bool{h.aim(), h.aim(), h.aim()}[h.rng.IntN(3):], false
	var others sync.Mutex // they do one thing after the other, also where calls are made at once
	h.faulty.Plan = func(c storetest.Call) storetest.Fault {
		if len(aims) == 0 || !aims[0](c) {
			return storetest.Fault{}
		}
		aims = aims[1:]
		return storetest.Fault{Hook: func(context.Context) {
			others.Lock()
			defer others.Unlock()
			happened = true
			h.between()
		}}
	}
	err := j.run(h.ctx, h.store)
	h.faulty.Plan = nil
	h.settle(j, err != nil)
	if happened {
		h.did.add("between", 1)
		h.what += ", others between"
	}
	locked := errors.Is(err, store.ErrLocked) && (j.what == "collect" || j.what == "delete backups") // by their collection
	if !happened || !locked {
		require.NoError(h.t, err, h.what)
	}
}

// unreliable makes a call over a network that drops, delays and repeats, so that calls arrive in another order.
func (h *history) unreliable(j *job) {
	rng, rate, late := rand.New(rand.NewPCG(h.rng.Uint64(), 8)), one(h, 4, 15, 60), 0
	faulty := h.faulty
	h.faulty.Plan = func(c storetest.Call) storetest.Fault {
		writes := c.Op == "put" || c.Op == "delete"
		if late > 0 && rng.IntN(4) == 0 {
			late = 0
			return storetest.Fault{Hook: func(ctx context.Context) { _ = faulty.Release(ctx) }}
		}
		if late > 0 && writes { // what was sent before comes behind it
			h.did.add("out of order", 1)
		}
		if rng.IntN(rate) > 0 {
			return storetest.Fault{}
		}
		switch n := rng.IntN(5); {
		case n == 0:
			h.did.add("dropped", 1)
			return storetest.Fault{Before: store.ErrUnreachable}
		case n == 1:
			h.did.add("reply dropped", 1)
			return storetest.Fault{After: store.ErrUnreachable}
		case n < 4 && writes:
			h.did.add("delayed", 1)
			late++
			return storetest.Fault{Late: true}
		}
		h.did.add("repeated", 1)
		return storetest.Fault{Repeat: 1 + rng.IntN(2)}
	}
	err := j.run(h.ctx, h.store)
	h.faulty.Plan = nil
	h.settle(j, err != nil)
	h.what += ", unreliable"
	if err != nil && !errors.Is(err, store.ErrUnreachable) && !isOthers(err) {
		require.NoError(h.t, err, h.what)
	}
	h.arrive()
	h.again(j, err)
}

// aim is a call of the bucket: any, or one of those that matter most. It is asked of each, and says yes once at least where
// there are enough.
func (h *history) aim() func(storetest.Call) bool {
	kind, most := h.rng.IntN(5), 80
	if kind > 0 {
		most = 12
	}
	n := 1 + h.rng.IntN(1+h.rng.IntN(most))
	return func(c storetest.Call) bool {
		writes, hit := c.Op == "put" || c.Op == "delete", true
		switch kind {
		case 1:
			hit = writes
		case 2:
			hit = writes && strings.HasPrefix(c.Key, "map/")
		case 3:
			hit = writes && (strings.HasPrefix(c.Key, "blk/") || strings.HasPrefix(c.Key, "node/"))
		case 4:
			hit = strings.HasPrefix(c.Key, "map/") || strings.HasPrefix(c.Key, "gc/")
		}
		if hit {
			n--
		}
		return hit && n == 0
	}
}

// between is what another process does meanwhile: all of a collection, or with a map of its own.
func (h *history) between() {
	name := one(h, "other/x", "other/y")
	switch h.rng.IntN(4) {
	case 0, 1:
		c, err := h.calm.Collect(h.ctx, store.CollectOptions{})
		if !errors.Is(err, store.ErrLocked) && err != nil {
			h.t.Errorf("%s, and a collection between: %v", h.what, err)
		}
		h.did.add("freed", int(c.Freed.Objects))
	case 2:
		if err := h.calm.Remove(h.ctx, name, ""); err != nil && !errors.Is(err, store.ErrMissing) {
			h.t.Errorf("%s, and a removal between: %v", h.what, err)
		}
		h.may[name] = nil
	default:
		data := h.volume()
		if _, err := composer.Register(h.ctx, h.calm, h.request(h.of(name, data))); err != nil {
			h.t.Errorf("%s, and a registration between: %v", h.what, err)
		}
		h.may[name] = [][]byte{data}
	}
}
