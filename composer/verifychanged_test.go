package composer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/units"
)

// changedEverywhere verifies a store, and has somebody change it at each call of the bucket in turn, and, where again is
// not nil, once more some calls later. What it returns must satisfy sound.
func changedEverywhere(t *testing.T, set, change, again func(*world), sound func(*world, error)) {
	t.Helper()
	delays := []int{1, 5}
	if again == nil {
		delays = []int{0}
	}
	for _, later := range delays {
		for n := 1; ; n = afterCall(n) {
			w := newWorld(t)
			set(w)
			faulty := &storetest.Faulty{Bucket: w.bucket}
			st := w.open(faulty)
			before := faulty.Calls()
			faulty.Plan = func(c storetest.Call) storetest.Fault {
				return storetest.Fault{Hook: func(context.Context) {
					if c.N == before+n {
						change(w)
					}
					if again != nil && c.N == before+n+later {
						again(w)
					}
				}}
			}
			_, err := composer.Verify(t.Context(), st, composer.VerifyRequest{Deep: true, Dir: w.state, Workers: 1})
			sound(w, err)
			if t.Failed() {
				t.Fatalf("call %d, and %d later", n, later)
			}
			if faulty.Calls() < before+n {
				break
			}
		}
	}
}

// gone removes a map, and all that only it needs.
func (w *world) gone(name string) {
	if err := w.store.Remove(context.Background(), name, ""); err != nil {
		w.t.Error(err)
	}
	if w.collect().Freed.Objects == 0 {
		w.t.Errorf("nothing freed of map %s", name)
	}
}

// registerOf registers a volume as b, with blocks of so many of the smallest.
func (w *world) registerOf(data []byte, shape int, blocks units.Bytes) {
	r := w.request("b", memorySource(data))
	r.Asked = composer.Asked{Version: shapes[shape].version, Degree: &shapes[shape].degree, BlockSize: blocks * block}
	if _, err := composer.Register(context.Background(), w.store, r); err != nil {
		w.t.Error(err)
	}
}

// Nothing is ever damaged, so nothing is found, and no run ends early.
func TestVerifyWhileMapsChange(t *testing.T) {
	data, other, small := few(), noise(2, 9, 3), noise(3, 2)
	sound := func(w *world, err error) {
		require.NoError(t, err)
		for bad, err := range w.store.Bad(t.Context()) {
			t.Error("marked:", bad, err)
		}
	}
	for _, s := range []int{0, 2} {
		set := func(w *world) {
			w.registerAs("a", small, 3, 0)
			w.registerOf(data, s, 2)
			w.registerAs("c", small, 3, 0)
		}
		t.Run(fmt.Sprint("replaced, v", shapes[s].version), func(t *testing.T) {
			changedEverywhere(t, set, func(w *world) { w.registerOf(other, s, 1); w.collect() }, nil, sound)
		})
		t.Run(fmt.Sprint("removed and made again, v", shapes[s].version), func(t *testing.T) {
			changedEverywhere(t, set, func(w *world) { w.gone("b") }, func(w *world) { w.registerOf(data, s, 2) }, sound)
		})
	}
}

// What is damaged is told, or is no more; that a map is replaced ends no run.
func TestVerifyWhileDamagedMapsChange(t *testing.T) {
	data, other := few(), noise(2, 2)
	changedEverywhere(t, func(w *world) {
		w.registerOf(data, 0, 1)
		_, key := w.object("b", maps.Block, 1)
		w.damage(key)
	}, func(w *world) { w.registerOf(other, 0, 1) }, nil, func(w *world, err error) {
		var verdict *composer.VerifyError
		require.True(t, err == nil || errors.As(err, &verdict), "%v", err)
	})
}

// A block that is longer than any of its map is damage as any other.
func TestVerifyOfLongerBlock(t *testing.T) {
	w := newWorld(t)
	w.registerOf(noise(1, 8), 0, 4)
	_, long := w.object("b", maps.Block, 0)
	buf := make([]byte, 1<<20)
	n, _, err := w.bucket.Get(t.Context(), long, 0, buf)
	require.NoError(t, err)
	w.remove("map/b")
	w.registerOf(noise(2, 2), 0, 1)
	_, key := w.object("b", maps.Block, 0)
	_, err = w.bucket.Put(t.Context(), key, bytes.NewReader(buf[:n]), store.Condition{})
	require.NoError(t, err)
	v, err := composer.Verify(t.Context(), w.store, composer.VerifyRequest{Deep: true, Dir: w.state})
	require.ErrorIs(t, err, maps.ErrCorrupt)
	require.Len(t, v.Bad, 1)
}

// A map that is asked for by name, and is removed while it is looked at, is missing.
func TestVerifyOfRemoved(t *testing.T) {
	w := newWorld(t)
	w.registerAs("a", noise(1, 20), 3, 0)
	faulty := &storetest.Faulty{Bucket: w.bucket}
	st := w.open(faulty)
	gone := false
	faulty.Plan = func(c storetest.Call) storetest.Fault {
		if gone || c.Op != "get" || c.Key != "map/a" {
			return storetest.Fault{}
		}
		gone = true
		return storetest.Fault{Hook: func(context.Context) { w.gone("a") }}
	}
	v, err := composer.Verify(t.Context(), st, composer.VerifyRequest{Names: []string{"a"}, Dir: w.state})
	require.True(t, gone)
	require.ErrorIs(t, err, store.ErrMissing)
	require.Empty(t, v.Maps)
}
