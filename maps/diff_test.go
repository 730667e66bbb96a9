package maps

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// What differs, applied to a, gives b: for each pair of shapes and sizes that can
// be compared.
func TestDiffGivesTheOther(t *testing.T) {
	all := shapes()
	for nameA, a := range all {
		t.Run(nameA, func(t *testing.T) {
			r := seeded(t)
			for nameB, b := range all {
				storeA, storeB := newMemory(), newMemory()
				entriesA := someEntries(r, 3000)
				entriesB := someEntries(r, 30)
				for i, id := range entriesA {
					if r.IntN(10) > 0 {
						entriesB[i] = id
					}
				}
				sizeB := uint64(3000)
				if r.IntN(2) == 0 {
					sizeB = 100000
				}
				left, _ := made(t, storeA, a.sized(3000), entriesA)
				right, bytesB := made(t, storeB, b.sized(sizeB), entriesB)
				if a.Hash != b.Hash {
					for _, err := range Diff(t.Context(), storeA, left, storeB, right) {
						require.ErrorIs(t, err, ErrIncompatible)
					}
					continue
				}
				for _, way := range [][2]*Map{{left, right}, {right, left}} {
					stores := map[*Map]*memory{left: storeA, right: storeB}
					found := map[uint64][2]ID{}
					for d, err := range Diff(t.Context(), stores[way[0]], way[0], stores[way[1]], way[1]) {
						require.NoError(t, err, nameB)
						require.NotEqual(t, d.A, d.B)
						found[d.Index] = [2]ID{d.A, d.B}
					}
					want := map[uint64][2]ID{}
					from, to := entriesOf(t, stores[way[0]], way[0]), entriesOf(t, stores[way[1]], way[1])
					for i := range uint64(100000) {
						if from[i] != to[i] {
							want[i] = [2]ID{from[i], to[i]}
						}
					}
					require.Equal(t, want, found, nameB)
				}
				if a == b {
					var out bytes.Buffer
					_, err := Update(t.Context(), &out, storeA, left, Spec{Shape: right.Shape}, Changes(Diff(t.Context(), storeA, left, storeB, right)))
					require.NoError(t, err)
					require.Equal(t, bytesB, out.Bytes())
				}
			}
		})
	}
}

func TestDiffStops(t *testing.T) {
	for name, s := range shapes() {
		store := newMemory()
		a, _ := made(t, store, s.sized(100), map[uint64]ID{1: someID(1), 2: someID(2), 50: someID(3)})
		b, _ := made(t, store, s.sized(100), map[uint64]ID{4: someID(1)})
		n := 0
		for range Diff(t.Context(), store, a, store, b) {
			n++
			break
		}
		require.Equal(t, 1, n, name)
	}
}
