package pattern_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/pattern"
)

func newGenerator(t *testing.T, o pattern.Order, r pattern.Region, passes uint64) pattern.Generator {
	t.Helper()
	g, err := pattern.New(o, r, passes, 42)
	require.NoError(t, err)
	return g
}

func TestSequential(t *testing.T) {
	g := newGenerator(t, pattern.Sequential, pattern.Region{Offset: 8192, Size: 12288 + 100, BlockSize: 4096}, 2)
	var got []int64
	for off, ok := g.Next(); ok; off, ok = g.Next() {
		got = append(got, off)
	}
	require.Equal(t, []int64{8192, 12288, 16384, 8192, 12288, 16384}, got)
	_, ok := g.Next()
	require.False(t, ok, "the end must be final")
}

// The property behind every first-write and after-snapshot figure: each block
// comes once in a pass, whatever the size, the stride and the split.
func TestRandomCoversEachBlockOnce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 100 {
		region := pattern.Region{Offset: int64(r.IntN(5)) * 4096, BlockSize: 4096, Stride: 4096 * int64(r.IntN(20))}
		region.Size = 4096 + r.Int64N(2000*4096)
		parts := 1 + r.IntN(5)
		stride := max(region.Stride, region.BlockSize)
		const passes = 3
		seen := make(map[int64]int)
		for i := range parts {
			part := region.Part(i, parts)
			if part.Blocks() == 0 {
				continue
			}
			g := newGenerator(t, pattern.Random, part, passes)
			for off, ok := g.Next(); ok; off, ok = g.Next() {
				require.Zero(t, (off-region.Offset)%stride)
				require.GreaterOrEqual(t, off, region.Offset)
				require.LessOrEqual(t, off+4096, region.Offset+region.Size)
				seen[off]++
			}
		}
		require.Len(t, seen, int(region.Blocks()))
		for off, n := range seen {
			require.Equal(t, passes, n, "block at %d", off)
		}
	}
}

func TestPassesDiffer(t *testing.T) {
	g := newGenerator(t, pattern.Random, pattern.Region{Size: 4096 * 64, BlockSize: 4096}, 0)
	var pass [2][64]int64
	for i := range pass {
		for j := range pass[i] {
			pass[i][j], _ = g.Next()
		}
	}
	require.NotEqual(t, pass[0], pass[1])
	require.ElementsMatch(t, pass[0][:], pass[1][:])
}

func TestRandomRepeat(t *testing.T) {
	g := newGenerator(t, pattern.RandomRepeat, pattern.Region{Offset: 4096, Size: 4096 * 100, BlockSize: 4096}, 1)
	seen := make(map[int64]int)
	total := 0
	for off, ok := g.Next(); ok; off, ok = g.Next() {
		require.Zero(t, off%4096)
		require.GreaterOrEqual(t, off, int64(4096))
		require.Less(t, off, int64(4096*101))
		seen[off]++
		total++
	}
	require.Equal(t, 100, total)
	require.Less(t, len(seen), 100, "100 free draws of 100 without a repetition")
}

func TestNewRefuses(t *testing.T) {
	for _, r := range []pattern.Region{{}, {Size: 4095, BlockSize: 4096}, {Size: 4096}, {Offset: -1, Size: 4096, BlockSize: 512}} {
		_, err := pattern.New(pattern.Random, r, 1, 0)
		require.Error(t, err, "%+v", r)
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	for _, o := range []pattern.Order{pattern.Sequential, pattern.Random, pattern.RandomRepeat} {
		g := newGenerator(t, o, pattern.Region{Size: 4096 * 10, BlockSize: 4096}, 0)
		require.Zero(t, testing.AllocsPerRun(1000, func() { g.Next() }))
	}
}
