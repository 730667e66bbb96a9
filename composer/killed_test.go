package composer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// buried takes away what a process that died held: others see that it is dead.
func (w *world) buried() {
	w.t.Helper()
	for _, prefix := range []string{"lease/", "lock/"} {
		for info, err := range w.bucket.List(context.Background(), prefix) {
			require.NoError(w.t, err)
			w.remove(info.Key)
		}
	}
}

// afterCall is the next call at which to kill: the first are each tried, then one of 61, since most of a collection are
// hundreds of listings.
func afterCall(n int) int {
	if n < 70 {
		return n + 1
	}
	return n + 61
}

// killedEverywhere does the same in worlds of their own: once with a kill at each call of the store, before or
// behind it, then again to the end, and looks at what is there in between and then.
func killedEverywhere(t *testing.T, set func(*world), do func(*world, *store.Store) error, between, after func(*world)) {
	t.Helper()
	for _, late := range []bool{false, true} {
		for n := 1; ; n = afterCall(n) {
			w := newWorld(t)
			set(w)
			faulty := &storetest.Faulty{Bucket: w.bucket}
			st := w.open(faulty)
			before := faulty.Calls()
			fault := storetest.Fault{Kill: true}
			if late {
				fault.After = storetest.ErrKilled
			}
			faulty.Plan = storetest.Nth(before+n, fault)
			err := do(w, st)
			if faulty.Calls() < before+n {
				require.NoError(t, err)
				break
			}
			w.buried()
			name := fmt.Sprintf("killed at call %d, late %v: %v", n, late, err)
			between(w)
			require.NoError(t, do(w, w.store), name)
			after(w)
			if t.Failed() {
				t.Fatal(name)
			}
		}
	}
}

func TestRegisterKilledEverywhere(t *testing.T) {
	old, data := noise(1, 12, 3), noise(2, 12, 3)
	copy(data[4*block:], old[4*block:8*block])
	for _, s := range shapes {
		killedEverywhere(t,
			func(w *world) { w.registerAs("disk", old, s.version, s.degree) },
			func(w *world, st *store.Store) error {
				_, err := composer.Register(w.t.Context(), st, w.request("disk", memorySource(data)))
				return err
			},
			func(w *world) { require.Contains(w.t, [][]byte{old, data}, w.read("disk")) },
			func(w *world) { require.Equal(w.t, data, w.read("disk")) },
		)
	}
}

func TestGroupKilledEverywhere(t *testing.T) {
	names := []string{"a", "b", "c"}
	killedEverywhere(t,
		func(w *world) { w.register("b", noise(9, 2)) },
		func(w *world, st *store.Store) error {
			r := w.request("a", memorySource(noise(1, 3)))
			for i, name := range names[1:] {
				r.Volumes = append(r.Volumes, composer.Volume{Name: name, Source: memorySource(noise(uint64(i+2), 3))})
			}
			_, err := composer.Register(w.t.Context(), st, r)
			return err
		},
		func(*world) {},
		func(w *world) {
			require.Equal(w.t, names, w.names())
			groups := map[string]bool{}
			for i, name := range names {
				require.Equal(w.t, noise(uint64(i+1), 3), w.read(name))
				m, _, err := w.store.OpenMap(w.t.Context(), name)
				require.NoError(w.t, err)
				for _, a := range m.Attributes {
					if a.Key == composer.AttributeGroup {
						groups[a.Value] = true
					}
				}
			}
			require.Len(w.t, groups, 1)
		},
	)
}

// bytesOf is a map's own object.
func (w *world) bytesOf(name string) []byte {
	w.t.Helper()
	f, err := w.store.OpenFile(w.t.Context(), name)
	require.NoError(w.t, err)
	b := make([]byte, f.Size())
	_, err = f.ReadAt(b, 0)
	require.NoError(w.t, err)
	return b
}

func TestUpgradeKilledEverywhere(t *testing.T) {
	data := map[string][]byte{"a": noise(1, 20, 2), "b": noise(2, 3), "flat": noise(3, 20)}
	for _, degree := range []int{0, 16} {
		var before map[string][]byte
		killedEverywhere(t,
			func(w *world) {
				before = map[string][]byte{}
				for _, name := range []string{"a", "b"} {
					w.registerAs(name, data[name], 3, 0)
					before[name] = w.bytesOf(name)
				}
				w.registerAs("flat", data["flat"], 4, 0)
			},
			func(w *world, st *store.Store) error {
				_, err := composer.Upgrade(w.t.Context(), st, composer.UpgradeRequest{Degree: degree})
				return err
			},
			func(w *world) {
				for name := range data {
					require.Equal(w.t, data[name], w.read(name))
				}
			},
			func(w *world) {
				require.Equal(w.t, []string{"a", "a~v3.bak", "b", "b~v3.bak", "flat"}, w.names())
				for name := range data {
					require.Equal(w.t, data[name], w.read(name))
					m, _, err := w.store.OpenMap(w.t.Context(), name)
					require.NoError(w.t, err)
					require.Equal(w.t, []int{4, degree}, []int{m.Version, m.Degree})
				}
				for name := range before {
					require.Equal(w.t, before[name], w.bytesOf(name+"~v3.bak"))
				}
			},
		)
	}
}

func TestRestoreKilledEverywhere(t *testing.T) {
	data := noise(1, 20, 2)
	var before []byte
	killedEverywhere(t,
		func(w *world) {
			w.registerAs("a", data, 3, 0)
			before = w.bytesOf("a")
			_, err := composer.Upgrade(w.t.Context(), w.store, composer.UpgradeRequest{})
			require.NoError(w.t, err)
		},
		func(w *world, st *store.Store) error {
			_, err := composer.Restore(w.t.Context(), st, composer.UpgradeRequest{})
			return err
		},
		func(w *world) { require.Equal(w.t, data, w.read("a")) },
		func(w *world) { require.Equal(w.t, before, w.bytesOf("a")) },
	)
}

func TestDeleteBackupsKilledEverywhere(t *testing.T) {
	data := noise(1, 6, 2)
	killedEverywhere(t,
		func(w *world) {
			w.registerAs("a", data, 3, 0)
			w.registerAs("gone", noise(5, 3), 3, 0)
			_, err := composer.Upgrade(w.t.Context(), w.store, composer.UpgradeRequest{})
			require.NoError(w.t, err)
			require.NoError(w.t, errors.Join(w.store.Remove(w.t.Context(), "gone", ""), w.store.Remove(w.t.Context(), "gone~v3.bak", "")))
		},
		func(w *world, st *store.Store) error {
			_, err := composer.Collect(w.t.Context(), st, composer.CollectRequest{Backups: true})
			return err
		},
		func(w *world) { require.Equal(w.t, data, w.read("a")) },
		func(w *world) {
			require.Equal(w.t, []string{"a"}, w.names())
			require.Equal(w.t, data, w.read("a"))
			var blocks []string
			for info, err := range w.bucket.List(w.t.Context(), "blk/") {
				require.NoError(w.t, err)
				blocks = append(blocks, info.Key)
			}
			require.Len(w.t, slices.Compact(blocks), 5)
		},
	)
}
