package maps

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What a map needs is what its store has, and with it the map can be read.
func TestObjects(t *testing.T) {
	for name, s := range shapes() {
		r := seeded(t)
		store := newMemory()
		entries := someEntries(r, 30000)
		m, _ := made(t, store, s.sized(30000), entries)
		nodes, blocks := map[ID]bool{}, map[uint64]ID{}
		for o, err := range m.Objects(t.Context(), store, nil) {
			require.NoError(t, err)
			if o.Kind == Node {
				nodes[o.ID] = true
			} else {
				blocks[o.Block] = o.ID
			}
		}
		require.Equal(t, entries, blocks, name)
		require.Len(t, nodes, len(store.objects), name)
		for object := range store.objects {
			require.True(t, nodes[object.id], name)
		}
		for range m.Objects(t.Context(), store, nil) {
			break
		}
		for object := range store.objects {
			delete(store.objects, object)
		}
		for _, err := range m.Objects(t.Context(), store, nil) {
			if m.Version == 4 {
				require.ErrorIs(t, err, ErrMissing, name)
			}
		}
	}
}

// Who remembers nodes reads those that maps share once.
func TestObjectsOfManyMaps(t *testing.T) {
	store := newMemory()
	s := Shape{Version: 4, Degree: 16, BlockSize: MinBlockSize}.sized(4096)
	entries := map[uint64]ID{}
	for i := range uint64(4096) {
		entries[i] = someID(i)
	}
	a, _ := made(t, store, s, entries)
	entries[77] = someID(1 << 40)
	b, _ := made(t, store, s, entries)
	seen := map[ID]bool{}
	skip := func(o Object) bool {
		was := seen[o.ID]
		seen[o.ID] = true
		return was
	}
	walk := func(m *Map) (nodes, blocks int) {
		for o, err := range m.Objects(t.Context(), store, skip) {
			require.NoError(t, err)
			if o.Kind == Node {
				nodes++
			} else {
				blocks++
			}
		}
		return nodes, blocks
	}
	nodes, blocks := walk(a)
	require.Equal(t, []int{273, 4096}, []int{nodes, blocks})
	store.reset()
	nodes, blocks = walk(b)
	require.Equal(t, []int{3, 16}, []int{nodes, blocks})
	require.Equal(t, 3, store.gets[Node])
	nodes, blocks = walk(b)
	require.Zero(t, nodes+blocks)
}
