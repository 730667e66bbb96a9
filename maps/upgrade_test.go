package maps

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUpgrade(t *testing.T) {
	r := seeded(t)
	for _, hash := range []Hash{SHA256, BLAKE3} {
		for from, degrees := range map[Shape][]int{
			{Version: 3}:             {0, 16, 128, 1024},
			{Version: 4}:             {16, 128, 1024},
			{Version: 4, Degree: 64}: {16, 128},
		} {
			from.Hash, from.BlockSize = hash, MinBlockSize
			store, entries := newMemory(), someEntries(r, 20000)
			var out bytes.Buffer
			w, err := NewWriter(&out, store, Spec{from.sized(20000), []Attribute{{"label", "kept"}}})
			require.NoError(t, err)
			for _, i := range sortedKeys(entries) {
				require.NoError(t, w.Add(t.Context(), i, entries[i]))
			}
			_, err = w.Finish(t.Context())
			require.NoError(t, err)
			old := opened(t, out.Bytes())
			for _, degree := range degrees {
				out := bytes.Buffer{}
				_, err := Upgrade(t.Context(), &out, store, old, degree)
				require.NoError(t, err)
				m := opened(t, out.Bytes())
				to := old.Shape
				to.Version, to.Degree = 4, degree
				fresh, _ := made(t, newMemory(), to, entries)
				require.Equal(t, fresh.Root(), m.Root())
				require.Equal(t, old.Attributes, m.Attributes)
				for d, err := range Diff(t.Context(), store, old, store, m) {
					require.Fail(t, "differs", "%v %v", d, err)
				}
			}
			require.Zero(t, store.puts[Block])
		}
	}
}

func TestUpgradeRefuses(t *testing.T) {
	store := newMemory()
	flat, _ := made(t, store, Shape{Version: 4, BlockSize: MinBlockSize}.sized(5), nil)
	tree, _ := made(t, store, Shape{Version: 4, Degree: 16, BlockSize: MinBlockSize}.sized(5), nil)
	for m, degree := range map[*Map]int{flat: 0, tree: 16} {
		_, err := Upgrade(t.Context(), &bytes.Buffer{}, store, m, degree)
		require.ErrorIs(t, err, ErrShape)
	}
	_, err := Upgrade(t.Context(), &bytes.Buffer{}, store, tree, 0)
	require.ErrorIs(t, err, ErrShape)
	_, err = Upgrade(t.Context(), &bytes.Buffer{}, store, flat, 17)
	require.ErrorIs(t, err, ErrShape)
}
