package composer_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// modelClock moves when a history says so. Nobody is woken by it: leases are not renewed, since steps take no time.
type modelClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *modelClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *modelClock) After(time.Duration) <-chan time.Time { return nil }

func (c *modelClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// modelHistory is a store, and what must be in it.
type modelHistory struct {
	t      *testing.T
	ctx    context.Context
	rng    *rand.Rand
	did    map[string]int
	clock  *modelClock
	bucket store.Bucket
	state  string
	faulty *storetest.Faulty
	store  *store.Store // through faulty
	calm   *store.Store // of another process, in which nothing goes wrong
	// may has what each map may be by now: one volume, or several behind a call that failed. Nil is no map.
	may  map[string][][]byte
	what string // the step, in words
}

func playHistory(t *testing.T, seed uint64, b store.Bucket, did map[string]int) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // who waits for a lock is told
	defer cancel()
	h := &modelHistory{
		t: t, ctx: ctx, rng: rand.New(rand.NewPCG(seed, 7)), did: did, bucket: b, state: t.TempDir(),
		clock: &modelClock{now: time.Now()}, may: map[string][][]byte{},
	}
	h.calm = h.open(b)
	h.restart()
	for range 6 + h.rng.IntN(10) {
		h.clock.advance(time.Second)
		h.step()
		h.check()
	}
	h.emptied()
}

func (h *modelHistory) open(b store.Bucket) *store.Store {
	st, err := store.New(h.ctx, b, store.Options{Create: true, Timing: store.Timing{Clock: h.clock}})
	require.NoError(h.t, err)
	return st
}

// restart is another process, when what the former one held has run out.
func (h *modelHistory) restart() {
	h.clock.advance(10 * time.Minute)
	h.faulty = &storetest.Faulty{Bucket: h.bucket}
	h.store = h.open(h.faulty)
}

// now is what a map is; nil where there is none. It is known between steps.
func (h *modelHistory) now(name string) []byte {
	if m := h.may[name]; len(m) > 0 {
		require.Len(h.t, m, 1, name)
		return m[0]
	}
	return nil
}

// there are the maps of which ok says so.
func (h *modelHistory) there(ok func(name string) bool) (names []string) {
	for name := range h.may {
		if h.now(name) != nil && ok(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func isMap(name string) bool { return !composer.IsBackup(name) }

// isOurs: the others are those of the writer that comes in between, which holds no lock that a step waits for.
func isOurs(name string) bool { return isMap(name) && !strings.HasPrefix(name, "other/") }

// do makes a call that may be killed, or have others come in between, at any call of the bucket. after is what may be
// there if it succeeds; if not, that or what was there.
func (h *modelHistory) do(what string, after map[string][][]byte, call func(st *store.Store) error) {
	h.t.Helper()
	h.what = what
	h.did[what]++
	n, killed, between := h.faulty.Calls()+1+h.rng.IntN(h.rng.IntN(80)+1), false, false
	switch h.rng.IntN(4) {
	case 0:
		fault := storetest.Fault{Kill: true, Hook: func(context.Context) { killed = true }}
		if h.rng.IntN(2) == 0 {
			fault.After = storetest.ErrKilled
		}
		h.faulty.Plan = storetest.Nth(n, fault)
	case 1:
		h.faulty.Plan = storetest.Nth(n, storetest.Fault{Hook: func(context.Context) { between = true; h.between() }})
	default:
		h.faulty.Plan = nil
	}
	err := call(h.store)
	h.faulty.Plan = nil
	for name, m := range after {
		if err != nil {
			m = append(slices.Clone(m), h.may[name]...)
			if len(h.may[name]) == 0 {
				m = append(m, nil)
			}
		}
		h.may[name] = m
	}
	if between {
		h.did["between"]++
	}
	switch {
	case killed:
		h.did["killed"]++
		h.restart()
	case between: // what it built on may be gone, or another
		ok := err == nil || errors.Is(err, store.ErrMissing) || errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrLocked)
		require.True(h.t, ok, "%s: %v", what, err)
	default:
		require.NoError(h.t, err, what)
	}
}

// between is what another process does meanwhile: all of a collection, or with a map of its own.
func (h *modelHistory) between() {
	name := []string{"other/x", "other/y"}[h.rng.IntN(2)]
	switch h.rng.IntN(4) {
	case 0, 1:
		c, err := h.calm.Collect(h.ctx, store.CollectOptions{})
		if !errors.Is(err, store.ErrLocked) && err != nil {
			h.t.Errorf("%s, and a collection between: %v", h.what, err)
		}
		h.did["freed"] += int(c.Freed.Objects)
	case 2:
		if err := h.calm.Remove(h.ctx, name, ""); err != nil && !errors.Is(err, store.ErrMissing) {
			h.t.Errorf("%s, and a removal between: %v", h.what, err)
		}
		h.may[name] = nil
	default:
		data := h.volume()
		if _, err := composer.Register(h.ctx, h.calm, h.request(name, data)); err != nil {
			h.t.Errorf("%s, and a registration between: %v", h.what, err)
		}
		h.may[name] = [][]byte{data}
	}
}

// check reads all that is there: each map is what it may be, and is known from then on.
func (h *modelHistory) check() {
	h.t.Helper()
	found := map[string][]byte{}
	for info, err := range h.calm.Maps(h.ctx, "") {
		require.NoError(h.t, err)
		found[info.Name] = readFrom(h.t, h.calm, info.Name)
		require.NotNil(h.t, found[info.Name])
	}
	for name := range h.may {
		h.requireOneOf(name, found[name])
	}
	for name := range found {
		h.requireOneOf(name, found[name])
	}
	if h.t.Failed() {
		h.t.FailNow()
	}
}

func (h *modelHistory) requireOneOf(name string, data []byte) {
	h.t.Helper()
	ok := len(h.may[name]) == 0 && data == nil
	for _, m := range h.may[name] {
		ok = ok || bytes.Equal(m, data) && (m == nil) == (data == nil)
	}
	require.True(h.t, ok, "behind %s, map %s is not what was acknowledged (there: %v)", h.what, name, data != nil)
	h.may[name] = [][]byte{data}
}

// emptied: when all rights have run out, a last collection leaves no object that no map needs.
func (h *modelHistory) emptied() {
	for range 3 {
		h.clock.advance(10 * time.Minute)
		c, err := h.calm.Collect(h.ctx, store.CollectOptions{})
		require.NoError(h.t, err)
		require.Zero(h.t, c.Missing)
		h.did["freed"] += int(c.Freed.Objects)
	}
	h.what = "the last collection"
	h.check()
	need := map[string]bool{}
	for _, name := range h.there(func(string) bool { return true }) {
		for id := range h.objects(name) {
			need[id.String()] = true
		}
	}
	have := map[string]bool{}
	for _, dir := range []string{"blk/", "node/"} {
		for info, err := range h.bucket.List(h.ctx, dir) {
			require.NoError(h.t, err)
			id := info.Key[strings.LastIndexByte(info.Key, '/')+1:]
			require.False(h.t, have[id], "two copies: %s", info.Key)
			have[id] = true
		}
	}
	require.Equal(h.t, need, have)
	for _, dir := range []string{"lease/", "bad/"} {
		for info, err := range h.bucket.List(h.ctx, dir) {
			require.NoError(h.t, err)
			require.Fail(h.t, "left", info.Key)
		}
	}
}

// objects are what a map needs besides itself.
func (h *modelHistory) objects(name string) map[maps.ID]maps.Kind {
	m, _, err := h.calm.OpenMap(h.ctx, name)
	require.NoError(h.t, err)
	all := map[maps.ID]maps.Kind{}
	for o, err := range m.Objects(h.ctx, h.calm, nil) {
		require.NoError(h.t, err)
		if o.Kind == maps.Block || o.Kind == maps.Node {
			all[o.ID] = o.Kind
		}
	}
	return all
}
