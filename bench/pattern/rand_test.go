package pattern_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/pattern"
)

func TestRandIsSplitMix64(t *testing.T) {
	// The first outputs of the authors' reference program for seed 1234567.
	r := pattern.NewRand(1234567)
	for _, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		require.Equal(t, want, r.Uint64())
	}
}

func TestBelowIsUniform(t *testing.T) {
	r := pattern.NewRand(3)
	const cells, draws = 97, 970_000
	var counts [cells]int
	for range draws {
		counts[r.Below(cells)]++
	}
	var chi float64
	for _, n := range counts {
		chi += math.Pow(float64(n)-draws/cells, 2) / (draws / cells)
	}
	// 96 degrees of freedom: mean 96, standard deviation 13.9.
	require.Less(t, chi, 96+5*13.9)
	require.Zero(t, r.Below(1))
}
