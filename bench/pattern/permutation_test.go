package pattern_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/pattern"
)

func TestPermutationIsOneToOne(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := pattern.NewRand(seed)
	sizes := []uint64{1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 1000, 4096, 4097, 100_003}
	for range 50 {
		sizes = append(sizes, 1+r.Below(3000))
	}
	for _, n := range sizes {
		p := pattern.NewPermutation(n, &r)
		seen := make([]bool, n)
		for i := range n {
			at := p.At(i)
			require.Less(t, at, n)
			require.False(t, seen[at], "n=%d: %d twice", n, at)
			seen[at] = true
		}
	}
}

// Neighbours in the order must not be neighbours on the device: the distances
// between successive numbers, and the numbers of any run of the order, must be
// spread as those of a uniform draw.
func TestPermutationLooksRandom(t *testing.T) {
	const n, cells = 1 << 16, 64
	for seed := range uint64(8) {
		r := pattern.NewRand(seed)
		p := pattern.NewPermutation(n, &r)
		var jumps, early [cells]float64
		for i := range uint64(n - 1) {
			jumps[(p.At(i+1)-p.At(i))%n*cells/n]++
		}
		for i := range uint64(n / 16) {
			early[p.At(i)*cells/n]++
		}
		for name, counts := range map[string]*[cells]float64{"jumps": &jumps, "first sixteenth": &early} {
			var total, chi float64
			for _, c := range counts {
				total += c
			}
			for _, c := range counts {
				chi += math.Pow(c-total/cells, 2) / (total / cells)
			}
			t.Logf("seed %d, %s: chi square %.1f of %d", seed, name, chi, cells-1)
			// 63 degrees of freedom: beyond 200 a pattern would be plain.
			require.Less(t, chi, 200.0, "seed %d, %s", seed, name)
		}
	}
}

func BenchmarkPermutation(b *testing.B) {
	r := pattern.NewRand(1)
	p := pattern.NewPermutation(66_000_000, &r)
	for i := range b.N {
		p.At(uint64(i))
	}
}
