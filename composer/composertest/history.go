package composertest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// history is a store, and what must be in it.
type history struct {
	t       *testing.T
	ctx     context.Context
	rng     *rand.Rand
	did     *did
	clock   *clock
	place   Place
	options store.Options
	state   string // the directory of all processes
	large   bool
	faulty  *storetest.Faulty
	store   *store.Store // through faulty
	calm    *store.Store // of another process, in which nothing goes wrong
	// may has what each map may be by now: one volume, or several behind a call that failed. Nil is no map.
	may  map[string][][]byte
	what string // the step, in words
	buf  []byte // of what was read last
}

func play(t *testing.T, seed uint64, p Place, d *did) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h := &history{
		t: t, ctx: ctx, rng: rand.New(rand.NewPCG(seed, 7)), did: d, place: p, state: t.TempDir(),
		clock: newClock(cancel), may: map[string][][]byte{}, large: seed%8 == 0,
	}
	h.options = store.Options{Create: true, Settings: store.Settings{Hash: maps.SHA256}, Timing: store.Timing{Clock: h.clock}}
	if seed%3 == 0 {
		h.options.Settings.Hash = maps.BLAKE3
	}
	h.options.Settings.Compression = []store.Compression{store.S2, store.Zstd, store.None}[seed%5%3]
	if seed%4 == 0 {
		h.options.Key = bytes.Repeat([]byte{byte(seed)}, store.KeySize)
		d.add("encrypted", 1)
	}
	d.add(h.options.Settings.Hash.String(), 1)
	h.calm = h.open(&storetest.Faulty{Bucket: p.Bucket})
	h.restart()
	for range 6 + h.rng.IntN(10) {
		h.clock.advance([]time.Duration{time.Second, time.Second, 7 * time.Hour, 50 * time.Hour}[h.rng.IntN(4)])
		if p.Disturb != nil && h.rng.IntN(6) == 0 {
			p.Disturb(t)
		}
		h.step()
		h.check()
	}
	h.emptied()
}

// open opens the store as another process. The bucket is not known to be a local one, whichever it is: requests may be late.
func (h *history) open(b *storetest.Faulty) *store.Store {
	st, err := store.New(h.ctx, b, h.options)
	require.NoError(h.t, err)
	return st
}

// restart is another process, when what the former one held has run out.
func (h *history) restart() {
	h.clock.advance(10 * time.Minute)
	h.faulty = &storetest.Faulty{Bucket: h.place.Bucket}
	h.store = h.open(h.faulty)
}

// now is what a map is; nil where there is none. It is known between steps.
func (h *history) now(name string) []byte {
	if m := h.may[name]; len(m) > 0 {
		require.Len(h.t, m, 1, name)
		return m[0]
	}
	return nil
}

// there are the maps of which ok says so.
func (h *history) there(ok func(name string) bool) (names []string) {
	for name := range h.may {
		if h.now(name) != nil && ok(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func every(string) bool { return true }

func isMap(name string) bool { return !composer.IsBackup(name) }

// isOurs: the others are those of the writer that comes in between, which holds no lock that a step waits for.
func isOurs(name string) bool { return isMap(name) && !strings.HasPrefix(name, "other/") }

// backedUp is the name of the map that a backup is of.
func backedUp(backup string) string { return strings.TrimSuffix(backup, composer.BackupName("", 3)) }

// one of several.
func one[T any](h *history, all ...T) T { return all[h.rng.IntN(len(all))] }
