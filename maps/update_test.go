package maps

import (
	"bytes"
	"iter"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

func changesOf(changes map[uint64]ID) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for _, i := range sortedKeys(changes) {
			if !yield(Change{i, changes[i]}, nil) {
				return
			}
		}
	}
}

// An update is what building anew gives, byte for byte: after any history, at any size.
func TestUpdateEqualsRebuild(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			r := seeded(t)
			for range 15 {
				store, shape := newMemory(), s.sized(1+r.Uint64N(40000))
				entries := someEntries(r, shape.Blocks())
				m, _ := made(t, store, shape, entries)
				for range 5 {
					switch r.IntN(4) {
					case 0:
						shape = s.sized(1 + r.Uint64N(40000))
					case 1:
						shape = s.sized(1 + r.Uint64N(shape.Blocks()))
					case 2:
						shape = s.sized(1 + r.Uint64N(300))
					}
					changes := someEntries(r, shape.Blocks())
					for i := range entries {
						if r.IntN(20) == 0 {
							changes[i] = ID{}
						}
					}
					maps.Copy(entries, changes)
					maps.DeleteFunc(entries, func(i uint64, id ID) bool { return i >= shape.Blocks() || id.IsZero() })
					var out bytes.Buffer
					h, err := Update(t.Context(), &out, store, m, Spec{Shape: shape}, changesOf(changes))
					require.NoError(t, err)
					fresh, b := made(t, newMemory(), shape, entries)
					require.Equal(t, b, out.Bytes())
					require.Equal(t, fresh.Header, h)
					m = opened(t, out.Bytes())
					require.Equal(t, entries, entriesOf(t, store, m))
				}
			}
		})
	}
}

// The order in which blocks were written does not show.
func TestRootIndependentOfOrder(t *testing.T) {
	r := seeded(t)
	for name, s := range shapes() {
		store, shape := newMemory(), s.sized(5000)
		entries := someEntries(r, 5000)
		want, _ := made(t, store, shape, entries)
		m, _ := made(t, store, shape, nil)
		keys := sortedKeys(entries)
		r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		for len(keys) > 0 {
			n := min(len(keys), 1+r.IntN(1000))
			some := map[uint64]ID{}
			for _, k := range keys[:n] {
				some[k] = entries[k]
			}
			keys = keys[n:]
			var out bytes.Buffer
			_, err := Update(t.Context(), &out, store, m, Spec{Shape: shape}, changesOf(some))
			require.NoError(t, err)
			m = opened(t, out.Bytes())
		}
		require.Equal(t, want.Root(), m.Root(), name)
	}
}

// full is the map of a volume of 4 TiB in blocks of 4 MiB without any zeros.
func full(t *testing.T, store *memory, degree int) *Map {
	s := Shape{Version: 4, Degree: degree}
	s.Size = 1 << 42
	var out bytes.Buffer
	w, err := NewWriter(&out, store, Spec{Shape: s})
	require.NoError(t, err)
	for i := range uint64(1 << 20) {
		require.NoError(t, w.Add(t.Context(), i, someID(i)))
	}
	_, err = w.Finish(t.Context())
	require.NoError(t, err)
	return opened(t, out.Bytes())
}

// Costs are those of what changed: nodes read and written, bytes, and nodes that a diff reads.
func TestCosts(t *testing.T) {
	store := newMemory()
	m := full(t, store, AutoDegree)
	require.Equal(t, 1<<20/128+1<<20/128/128+1, store.puts[Node])
	for _, test := range []struct {
		name    string
		changes []uint64
		nodes   int // that differ
		bytes   int
	}{
		{"none", nil, 0, 0},
		{"one", []uint64{777777}, 3, 12 << 10},
		{"neighbours", []uint64{777777, 777778}, 3, 12 << 10},
		{"far apart", []uint64{5, 777777}, 5, 20 << 10},
	} {
		changes := map[uint64]ID{}
		for _, i := range test.changes {
			changes[i] = someID(i + 1<<40)
		}
		var out bytes.Buffer
		store.reset()
		_, err := Update(t.Context(), &out, store, m, Spec{Shape: m.Shape}, changesOf(changes))
		require.NoError(t, err)
		require.Equal(t, max(test.nodes, 1), store.gets[Node], test.name)
		require.Equal(t, test.nodes, store.puts[Node], test.name)
		require.LessOrEqual(t, store.bytes[Node], test.bytes, test.name)
		t.Logf("%s: %d nodes, %d bytes of them", test.name, store.puts[Node], store.bytes[Node])
		b := opened(t, out.Bytes())
		store.reset()
		found := 0
		for d, err := range Diff(t.Context(), store, m, store, b) {
			require.NoError(t, err)
			require.Equal(t, test.changes[found], d.Index)
			found++
		}
		require.Equal(t, len(test.changes), found)
		require.Equal(t, 2*test.nodes, store.gets[Node], test.name)
	}
	// Growth reads the root, and cutting off not more than what is on the edge.
	store.reset()
	grown := m.Shape
	grown.Size *= 1024
	var out bytes.Buffer
	h, err := Update(t.Context(), &out, store, m, Spec{Shape: grown}, changesOf(nil))
	require.NoError(t, err)
	require.Equal(t, m.NonZero, h.NonZero)
	require.LessOrEqual(t, store.gets[Node], 3)
	store.reset()
	cut := m.Shape
	cut.Size = 100 * cut.BlockSize
	out.Reset()
	h, err = Update(t.Context(), &out, store, m, Spec{Shape: cut}, changesOf(nil))
	require.NoError(t, err)
	require.EqualValues(t, 100, h.NonZero)
	require.LessOrEqual(t, store.gets[Node], 3)
}

func TestUpdateRefuses(t *testing.T) {
	failed := func(err error) iter.Seq2[Change, error] {
		return func(yield func(Change, error) bool) { yield(Change{}, err) }
	}
	for name, s := range shapes() {
		store, shape := newMemory(), s.sized(100)
		m, _ := made(t, store, shape, map[uint64]ID{3: someID(1)})
		update := func(s Shape, changes iter.Seq2[Change, error]) error {
			_, err := Update(t.Context(), &bytes.Buffer{}, store, m, Spec{Shape: s}, changes)
			return err
		}
		other := shape
		other.BlockSize *= 2
		require.ErrorIs(t, update(other, changesOf(nil)), ErrIncompatible, name)
		other = shape
		other.Hash = 3 - shape.Hash
		require.ErrorIs(t, update(other, changesOf(nil)), ErrIncompatible, name)
		require.ErrorIs(t, update(shape, changesOf(map[uint64]ID{100: someID(1)})), ErrOrder, name)
		require.ErrorIs(t, update(shape, failed(ErrMissing)), ErrMissing, name)
		require.ErrorIs(t, update(shape, func(yield func(Change, error) bool) {
			_ = yield(Change{5, someID(1)}, nil) && yield(Change{5, someID(2)}, nil)
		}), ErrOrder, name)
	}
}
