package maps

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func TestRoundTrip(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			r := seeded(t)
			for range 20 {
				store, shape := newMemory(), s.sized(1+r.Uint64N(40000))
				want := someEntries(r, shape.Blocks())
				m, b := made(t, store, shape, want)
				require.Equal(t, want, entriesOf(t, store, m))
				_, again := made(t, newMemory(), shape, want)
				require.Equal(t, b, again)
			}
		})
	}
}

// Zeros take no space: not one object in a v4 map, nothing but the frame in v3.
func TestEmptyMaps(t *testing.T) {
	for name, s := range shapes() {
		for _, blocks := range []uint64{0, 1, 1 << 20} {
			store := newMemory()
			m, b := made(t, store, s.sized(blocks), nil)
			require.Empty(t, entriesOf(t, store, m), name)
			require.Empty(t, store.objects, name)
			require.LessOrEqual(t, len(b), 84, name)
		}
	}
}

// A root differs where content, size, block size, hash or shape does.
func TestRootsDiffer(t *testing.T) {
	entries := map[uint64]ID{0: someID(1), 700: someID(2)}
	roots := map[ID]string{}
	add := func(name string, s Shape, entries map[uint64]ID) {
		m, _ := made(t, newMemory(), s, entries)
		require.Empty(t, roots[m.Root()], name)
		roots[m.Root()] = name
	}
	for name, s := range shapes() {
		add(name, s.sized(1000), entries)
		add(name+", another size", s.sized(1001), entries)
		longer := s.sized(1000)
		longer.Size--
		add(name+", a byte less", longer, entries)
		s.BlockSize *= 2
		add(name+", another block size", s.sized(1000), entries)
		add(name+", another content", s.sized(1000), map[uint64]ID{0: someID(1)})
		add(name+", nothing", s.sized(1000), nil)
	}
}

func TestAttributesChangeNoRoot(t *testing.T) {
	attributes := []Attribute{{"label", "nightly"}, {"source", "vg0/data\x00\xff"}, {"z", ""}}
	for name, s := range shapes() {
		var out bytes.Buffer
		store := newMemory()
		w, err := NewWriter(&out, store, Spec{s.sized(9), attributes})
		require.NoError(t, err)
		require.NoError(t, w.Add(t.Context(), 7, someID(1)))
		h, err := w.Finish(t.Context())
		require.NoError(t, err)
		m := opened(t, out.Bytes())
		require.Equal(t, attributes, m.Attributes, name)
		bare, _ := made(t, newMemory(), s.sized(9), map[uint64]ID{7: someID(1)})
		require.Equal(t, bare.Root(), h.Root(), name)
		require.Equal(t, map[uint64]ID{7: someID(1)}, entriesOf(t, store, m), name)
	}
}

func TestWriterRefuses(t *testing.T) {
	s := Shape{Size: 10 * DefaultBlockSize}
	for name, attributes := range map[string][]Attribute{
		"order":   {{"b", ""}, {"a", ""}},
		"twice":   {{"b", ""}, {"b", ""}},
		"no key":  {{"", "x"}},
		"too big": {{"a", string(make([]byte, 60000))}, {"b", string(make([]byte, 60000))}},
		"value":   {{"a", string(make([]byte, 65536))}},
	} {
		_, err := NewWriter(&bytes.Buffer{}, nil, Spec{s, attributes})
		require.ErrorIs(t, err, ErrShape, name)
	}
	w, err := NewWriter(&bytes.Buffer{}, nil, Spec{Shape: s})
	require.NoError(t, err)
	require.NoError(t, w.Add(t.Context(), 3, someID(1)))
	require.ErrorIs(t, w.Add(t.Context(), 3, someID(1)), ErrOrder)
	require.ErrorIs(t, w.Add(t.Context(), 2, someID(1)), ErrOrder)
	require.ErrorIs(t, w.Add(t.Context(), 10, someID(1)), ErrOrder)
}

func TestEntriesStop(t *testing.T) {
	for name, s := range shapes() {
		store := newMemory()
		m, _ := made(t, store, s.sized(1000), map[uint64]ID{3: someID(1), 900: someID(2)})
		n := 0
		for _, err := range m.Entries(t.Context(), store) {
			require.NoError(t, err, name)
			n++
			break
		}
		require.Equal(t, 1, n, name)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range m.Entries(ctx, store) {
			require.ErrorIs(t, err, context.Canceled, name)
		}
	}
}
