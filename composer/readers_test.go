package composer_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/units"
)

// fate is what becomes of the map "disk" while somebody reads it. What no map needs is collected each time that it is gone.
type fate string

const (
	removed  fate = "removed"
	replaced fate = "replaced"
	again    fate = "made again"        // the next time that somebody looks whether it is there
	twice    fate = "gone, there, gone" // and made again in the end
)

// turn is a part of a fate: what happens at a call.
type turn struct {
	at func(storetest.Call) bool
	do func(*world)
}

// turns are those behind the first.
func (f fate) turns(version, degree int) (all []turn) {
	there := turn{
		func(c storetest.Call) bool { return c.Op == "stat" && c.Key == "map/disk" },
		func(w *world) { w.registerAs("disk", few(), version, degree) },
	}
	gone := turn{
		func(c storetest.Call) bool { return c.Op == "get" && strings.HasPrefix(c.Key, "blk/") },
		func(w *world) { w.gone("disk") },
	}
	switch f {
	case again:
		all = []turn{there}
	case twice:
		all = []turn{there, gone, there}
	}
	return all
}

// readEverywhere has something read the map "disk" in worlds of their own, by a store that may not be written. At each call of the
// store in turn, the fate befalls the map. read tells whether it was done; the result is how often
// it was not.
func readEverywhere(t *testing.T, f fate, version, degree int, read func(*world, *store.Store) (done bool)) (ended int) {
	t.Helper()
	for n := 1; ; n++ {
		w := newWorld(t)
		w.registerAs("disk", few(), version, degree)
		faulty := &storetest.Faulty{Bucket: w.bucket}
		st := w.open(faulty)
		first := faulty.Calls() + n
		turns := f.turns(version, degree)
		var one sync.Mutex // one turn at a time, though readers are many
		turn := func(do func(*world)) func(context.Context) {
			return func(context.Context) {
				one.Lock()
				defer one.Unlock()
				do(w)
			}
		}
		faulty.Plan = func(c storetest.Call) (fault storetest.Fault) {
			if c.Op == "put" || c.Op == "delete" {
				fault.Before = store.ErrDenied
			}
			switch {
			case c.N == first:
				fault.Hook = turn(func(w *world) {
					if f != replaced {
						w.gone("disk")
						return
					}
					w.registerAs("disk", noise(9, 20), version, degree)
					if w.collect().Freed.Objects == 0 {
						w.t.Error("nothing was freed")
					}
				})
			case c.N > first && len(turns) > 0 && turns[0].at(c):
				fault.Hook = turn(turns[0].do)
				turns = turns[1:]
			}
			return fault
		}
		finished := read(w, st)
		if faulty.Calls() < first {
			require.True(t, finished)
			return ended
		}
		if !finished {
			ended++
		}
		if t.Failed() {
			t.Fatalf("%s, v%d of degree %d, call %d", f, version, degree, n)
		}
	}
}

// changed are errors that say what became of the map, and of no damage. A map that is gone before it is opened is missing; there
// is something to be read then, unless it is not there.
func changed(t *testing.T, w *world, f fate, err error) (there bool) {
	t.Helper()
	require.NotErrorIs(t, err, maps.ErrCorrupt)
	if c, ok := errors.AsType[*store.ChangedError](err); ok {
		require.Equal(t, "disk", c.Map)
		require.True(t, !c.Removed || f != replaced)
		require.True(t, c.Removed || f != removed)
	} else {
		require.ErrorIs(t, err, store.ErrMissing)
		require.NotEqual(t, replaced, f)
	}
	return len(w.names()) > 0
}

func TestPresentCollectedEverywhere(t *testing.T) {
	for _, s := range shapes {
		for _, f := range []fate{removed, replaced, again, twice} {
			for _, there := range []bool{false, true} { // the target
				if there && s.degree != 16 {
					continue
				}
				ended := readEverywhere(t, f, s.version, s.degree, func(w *world, st *store.Store) bool {
					path := filepath.Join(t.TempDir(), "out.img")
					if there {
						require.NoError(t, os.WriteFile(path, noise(3, 20), 0o600))
					}
					r := composer.PresentRequest{Name: "disk", Workers: 1}
					result, err := composer.PresentFile(t.Context(), st, path, there, r)
					if err != nil {
						require.Empty(t, result.Damaged)
						if !there {
							require.NoFileExists(t, path)
						}
						if !changed(t, w, f, err) {
							return false
						}
						// The same again goes on with what is there now.
						_, err := composer.PresentFile(t.Context(), w.store, path, there, r)
						require.NoError(t, err)
					}
					got, failed := os.ReadFile(path)
					require.NoError(t, failed)
					if f == replaced && (err != nil || !bytes.Equal(got, few())) { // it was replaced before it was opened
						require.Equal(t, noise(9, 20), got)
					} else {
						require.Equal(t, few(), got)
					}
					return err == nil
				})
				require.Positive(t, ended, "%s %v", f, s)
			}
		}
	}
}

func TestPresentCheckCollectedEverywhere(t *testing.T) {
	for _, s := range shapes {
		for _, f := range []fate{removed, replaced} {
			ended := readEverywhere(t, f, s.version, s.degree, func(w *world, st *store.Store) bool {
				path := file(t, noise(3, 20))
				result, err := composer.PresentFile(t.Context(), st, path, false, composer.PresentRequest{Name: "disk", Check: true, Workers: 1})
				if errors.Is(err, composer.ErrDiffers) && result.Counts.Differs+result.Counts.Same == 20*block {
					return true
				}
				changed(t, w, f, err)
				return false
			})
			require.Positive(t, ended)
		}
	}
}

func TestDiffCollectedEverywhere(t *testing.T) {
	for _, s := range shapes {
		for _, f := range []fate{removed, replaced} {
			readEverywhere(t, f, s.version, s.degree, func(w *world, st *store.Store) bool {
				w.registerAs("other", noise(8, 20), s.version, s.degree)
				a, infoA, err := st.OpenMap(t.Context(), "disk")
				if err != nil {
					changed(t, w, f, err)
					return false
				}
				b, infoB, err := st.OpenMap(t.Context(), "other")
				require.NoError(t, err)
				for _, err := range composer.Diff(t.Context(), st.Reading(infoA), a, st.Reading(infoB), b) {
					if err != nil {
						changed(t, w, f, err)
						return false
					}
				}
				return true
			})
		}
	}
}

// Nothing is damaged but what is: neither maps that are gone, nor what was gone for a while.
func TestVerifyCollectedEverywhere(t *testing.T) {
	for _, degree := range []int{0, 16} {
		version := 3 + degree/16
		for _, f := range []fate{removed, replaced, again, twice} {
			ended := readEverywhere(t, f, version, degree, func(w *world, st *store.Store) bool {
				w.registerAs("other", append(noise(8, 3), few()[:2*block]...), version, degree)
				bad, key := w.object("other", maps.Block, 0)
				if f == replaced {
					w.remove(key)
				}
				result, err := composer.Verify(t.Context(), st, composer.VerifyRequest{Dir: w.state, Sample: 100, NoMarks: true, Workers: 1})
				want := map[string][]maps.Range{}
				if f == replaced {
					want["other"] = []maps.Range{{Start: units.Bytes(bad.Block) * block, Length: block}}
					var found *composer.VerifyError
					require.ErrorAs(t, err, &found)
					require.Equal(t, composer.VerifyError{Maps: 1, Objects: 1}, *found, "%+v", result.Bad)
				} else {
					require.NoError(t, err, "%+v", result.Bad)
				}
				for _, m := range result.Maps {
					require.NoError(t, m.Err)
					require.Empty(t, m.Note, "it is the same for long enough")
					require.ElementsMatch(t, want[m.Name], m.Damaged, m.Name)
				}
				return true
			})
			require.Zero(t, ended)
		}
	}
}

// What is verified of a map that is replaced while its nodes are read, is what is there then.
func TestVerifyOfAMapThatIsReplaced(t *testing.T) {
	w := newWorld(t)
	w.registerAs("disk", few(), 4, 16)
	_, node := w.object("disk", maps.Node, 1)
	faulty := &storetest.Faulty{Bucket: w.bucket}
	st := w.open(faulty)
	lost := maps.Object{}
	faulty.Plan = func(c storetest.Call) storetest.Fault {
		if c.Key != node || lost != (maps.Object{}) {
			return storetest.Fault{}
		}
		return storetest.Fault{Hook: func(context.Context) {
			w.gone("disk")
			w.registerAs("disk", noise(9, 20), 4, 16)
			var key string
			lost, key = w.object("disk", maps.Block, 1)
			w.remove(key)
		}}
	}
	result, err := composer.Verify(t.Context(), st, composer.VerifyRequest{Dir: w.state, NoMarks: true})
	require.ErrorIs(t, err, maps.ErrCorrupt)
	require.Len(t, result.Bad, 1)
	require.Equal(t, lost.ID, result.Bad[0].ID)
	require.EqualValues(t, 20, result.Maps[0].Header.NonZero)
}

// A node that is sound again when it is looked for a second time is not told.
func TestVerifyOfANodeThatIsMended(t *testing.T) {
	w := newWorld(t)
	w.registerAs("disk", few(), 4, 16)
	_, node := w.object("disk", maps.Node, 1)
	sound := make([]byte, block)
	n, _, err := w.bucket.Get(t.Context(), node, 0, sound)
	require.NoError(t, err)
	w.damage(node)
	faulty := &storetest.Faulty{Bucket: w.bucket}
	st := w.open(faulty)
	opened := 0
	faulty.Plan = func(c storetest.Call) storetest.Fault {
		if c.Op != "get" || c.Key != "map/disk" {
			return storetest.Fault{}
		}
		if opened++; opened == 1 {
			return storetest.Fault{}
		}
		return storetest.Fault{Hook: func(ctx context.Context) {
			_, err := w.bucket.Put(ctx, node, bytes.NewReader(sound[:n]), store.Condition{})
			require.NoError(t, err)
		}}
	}
	_, err = composer.Verify(t.Context(), st, composer.VerifyRequest{Dir: w.state, NoMarks: true})
	require.NoError(t, err)
	require.Equal(t, 2, opened)
}
