package maps

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// object names one object of a memory.
type objectName struct {
	kind Kind
	id   ID
}

// memory is a store that counts.
type memory struct {
	objects map[objectName][]byte
	gets    map[Kind]int
	puts    map[Kind]int
	bytes   map[Kind]int // that were put
}

func newMemory() *memory {
	return &memory{objects: map[objectName][]byte{}, gets: map[Kind]int{}, puts: map[Kind]int{}, bytes: map[Kind]int{}}
}

func (m *memory) reset() { clear(m.gets); clear(m.puts); clear(m.bytes) }

func (m *memory) Get(_ context.Context, kind Kind, id ID, dst []byte) (int, error) {
	m.gets[kind]++
	data, ok := m.objects[objectName{kind, id}]
	switch {
	case !ok:
		return 0, ErrMissing
	case len(data) > len(dst):
		return 0, io.ErrShortBuffer
	}
	return copy(dst, data), nil
}

func (m *memory) Put(_ context.Context, kind Kind, id ID, data []byte) error {
	m.puts[kind]++
	m.bytes[kind] += len(data)
	m.objects[objectName{kind, id}] = bytes.Clone(data)
	return nil
}

// shapes are one of each kind, of no size yet.
func shapes() map[string]Shape {
	all := map[string]Shape{
		"v3":          {Version: 3, Hash: SHA256, BlockSize: MinBlockSize},
		"v3 blake3":   {Version: 3, Hash: BLAKE3, BlockSize: MinBlockSize},
		"v4":          {Version: 4, Hash: SHA256, BlockSize: MinBlockSize},
		"tree blake3": {Version: 4, Degree: 32, Hash: BLAKE3, BlockSize: MinBlockSize},
	}
	for degree := MinDegree; degree <= MaxDegree; degree *= 2 {
		all[fmt.Sprint("tree ", degree)] = Shape{Version: 4, Degree: degree, Hash: SHA256, BlockSize: MinBlockSize}
	}
	return all
}

// sized is s for a volume of so many whole blocks.
func (s Shape) sized(blocks uint64) Shape {
	s.Size = units.Bytes(blocks) * s.BlockSize
	return s
}

// someID is an id that stands for a content of that number.
func someID(n uint64) ID {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return SHA256.Sum(b[:])
}

// someEntries are random: scattered ones and runs, few or many.
func someEntries(r *rand.Rand, blocks uint64) map[uint64]ID {
	all := map[uint64]ID{}
	for range r.IntN(30) {
		start, n := r.Uint64N(blocks), uint64(1)
		if r.IntN(4) == 0 {
			n = 1 + r.Uint64N(200)
		}
		for i := start; i < min(start+n, blocks); i++ {
			all[i] = someID(r.Uint64N(1000))
		}
	}
	return all
}

// made is a map of entries, opened.
func made(t testing.TB, store Store, s Shape, entries map[uint64]ID) (*Map, []byte) {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, store, Spec{Shape: s})
	require.NoError(t, err)
	for _, i := range sortedKeys(entries) {
		require.NoError(t, w.Add(t.Context(), i, entries[i]))
	}
	h, err := w.Finish(t.Context())
	require.NoError(t, err)
	m := opened(t, out.Bytes())
	require.Equal(t, h, m.Header)
	return m, out.Bytes()
}

func opened(t testing.TB, b []byte) *Map {
	t.Helper()
	m, err := Open(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	return m
}

// entriesOf reads a map back.
func entriesOf(t testing.TB, store Getter, m *Map) map[uint64]ID {
	t.Helper()
	all, last := map[uint64]ID{}, int64(-1)
	for e, err := range m.Entries(t.Context(), store) {
		require.NoError(t, err)
		require.Greater(t, int64(e.Index), last)
		all[e.Index], last = e.ID, int64(e.Index)
	}
	require.Len(t, all, int(m.NonZero))
	return all
}

// failure is the error that reading a map ends with.
func failure(t testing.TB, store Getter, m *Map) error {
	t.Helper()
	for _, err := range m.Entries(t.Context(), store) {
		if err != nil {
			return err
		}
	}
	return nil
}

// seeded prints the seed that repeats a failure.
func seeded(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
