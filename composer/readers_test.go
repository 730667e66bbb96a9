package composer_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/units"
)

// fate is what becomes of the map "disk" while somebody reads it, before all that no map needs is collected.
type fate string

const (
	removed  fate = "removed"
	replaced fate = "replaced"
	again    fate = "made again" // after it was removed and collected
)

func (w *world) befall(f fate, version, degree int) {
	w.remove("map/disk")
	if f == replaced {
		w.registerAs("disk", noise(9, 20), version, degree)
	}
	if w.collect().Freed.Objects == 0 {
		w.t.Error("nothing was freed")
	}
	if f == again {
		w.registerAs("disk", few(), version, degree)
	}
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
		before := faulty.Calls()
		faulty.Plan = func(c storetest.Call) (fault storetest.Fault) {
			if c.Op == "put" || c.Op == "delete" {
				fault.Before = store.ErrDenied
			}
			if c.N == before+n {
				fault.Hook = func(context.Context) { w.befall(f, version, degree) }
			}
			return fault
		}
		finished := read(w, st)
		if faulty.Calls() < before+n {
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

// changed are errors that say what became of the map, and of no damage. A map that is removed before it is opened is
// missing.
func changed(t *testing.T, f fate, err error) {
	t.Helper()
	require.NotErrorIs(t, err, maps.ErrCorrupt)
	if f == removed && errors.Is(err, store.ErrMissing) {
		return
	}
	var c *store.ChangedError
	require.ErrorAs(t, err, &c)
	require.Equal(t, store.ChangedError{Map: "disk", Removed: f == removed}, *c)
}

func TestPresentCollectedEverywhere(t *testing.T) {
	now := map[fate][]byte{replaced: noise(9, 20), again: few()}
	for _, s := range shapes {
		for _, f := range []fate{removed, replaced, again} {
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
						changed(t, f, err)
						require.Empty(t, result.Damaged)
						if !there {
							require.NoFileExists(t, path)
						}
						if f == removed {
							return false
						}
						// The same again goes on with what is there now.
						_, err := composer.PresentFile(t.Context(), w.store, path, there, r)
						require.NoError(t, err)
					}
					got, failed := os.ReadFile(path)
					require.NoError(t, failed)
					if err != nil || string(got) != string(few()) { // it was replaced before it was opened
						require.Equal(t, now[f], got)
					}
					return err == nil
				})
				if f != again { // all is there again by then
					require.Positive(t, ended, "%s %v", f, s)
				}
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
				changed(t, f, err)
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
					changed(t, f, err)
					return false
				}
				b, infoB, err := st.OpenMap(t.Context(), "other")
				require.NoError(t, err)
				for _, err := range composer.Diff(t.Context(), st.Reading(infoA), a, st.Reading(infoB), b) {
					if err != nil {
						changed(t, f, err)
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
		for _, f := range []fate{removed, replaced, again} {
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
					require.ElementsMatch(t, want[m.Name], m.Damaged, m.Name)
				}
				return true
			})
			require.Zero(t, ended)
		}
	}
}
