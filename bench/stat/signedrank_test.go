package stat_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/stat"
)

// Hamilton depression scale factors of nine patients before and after a
// tranquilizer: Hollander and Wolfe, Nonparametric Statistical Methods,
// example 3.1. R's wilcox.test(before, after, paired=TRUE) gives V = 40 and a
// two-sided p of 0.03906; the book estimates the effect at 0.46 with the
// 96.1 % interval (0.010, 0.786).
func depression() []float64 {
	before := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	after := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	var d []float64
	for i := range before {
		d = append(d, before[i]-after[i])
	}
	return d
}

func TestHodgesLehmannOfPublishedExample(t *testing.T) {
	i := stat.HodgesLehmann(depression(), 0.95)
	require.InDelta(t, 0.46, i.Estimate, 1e-9)
	require.InDelta(t, 0.010, i.Low, 1e-9)
	require.InDelta(t, 0.786, i.High, 1e-9)
	require.InDelta(t, 0.961, i.Confidence, 5e-4)
	require.Equal(t, 9, i.N)
}

func TestSignedRankPOfPublishedExample(t *testing.T) {
	require.InDelta(t, 0.0390625, stat.SignedRankP(depression()), 1e-12)
}

// The number of the smallest mean of pairs inside of the 95 % interval, one
// above the critical value of the tables, and the confidence it attains.
func TestHodgesLehmannAgainstTables(t *testing.T) {
	tests := []struct {
		n, k       int
		confidence float64
	}{
		{6, 1, 1 - 2*1/64.0},
		{7, 3, 1 - 2*3/128.0},
		{8, 4, 1 - 2*5/256.0},
		{10, 9, 0.9512},
		{15, 26, 0.9521},
		{20, 53, 0.9516},
	}
	for _, tt := range tests {
		x := make([]float64, tt.n)
		for i := range x {
			x[i] = math.Exp2(float64(i)) // all means of pairs differ
		}
		var means []float64
		for i := range x {
			for _, b := range x[i:] {
				means = append(means, (x[i]+b)/2)
			}
		}
		slices.Sort(means)
		got := stat.HodgesLehmann(x, 0.95)
		require.Equal(t, means[tt.k-1], got.Low, "n=%d", tt.n)
		require.Equal(t, means[len(means)-tt.k], got.High, "n=%d", tt.n)
		require.InDelta(t, tt.confidence, got.Confidence, 1e-4, "n=%d", tt.n)
	}
}

func TestHodgesLehmannOfFewValues(t *testing.T) {
	require.Equal(t, stat.Interval{}, stat.HodgesLehmann(nil, 0.95))
	require.Equal(t, stat.Interval{Estimate: 3, Low: 3, High: 3, N: 1}, stat.HodgesLehmann([]float64{3}, 0.95))
	i := stat.HodgesLehmann([]float64{1, 2, 3, 4, 5}, 0.95)
	require.Equal(t, 0.9375, i.Confidence, "five values cannot attain 95 %, and must say so")
	require.Equal(t, 1.0, i.Low)
	require.Equal(t, 5.0, i.High)
}

// Exact and approximate intervals must meet where one takes over.
func TestSignedRankApproximationMeetsExact(t *testing.T) {
	x := make([]float64, 101)
	for i := range x {
		x[i] = float64(i) * float64(i)
	}
	exact, approximate := stat.HodgesLehmann(x[:100], 0.95), stat.HodgesLehmann(x, 0.95)
	require.InDelta(t, 0.95, exact.Confidence, 1e-3)
	require.InDelta(t, exact.Confidence, approximate.Confidence, 2e-3)
	require.InEpsilon(t, exact.High-exact.Low, approximate.High-approximate.Low, 0.03)

	// A zero is left out, but ends exactness: the same sample both ways.
	var d []float64
	for i := range 60 {
		d = append(d, 1.001*float64(i)-23.7)
	}
	require.InDelta(t, stat.SignedRankP(d), stat.SignedRankP(append(d, 0)), 1e-3)
	require.Less(t, stat.SignedRankP(d), 0.05)
}

func TestSignedRankPWithTiesAndZeros(t *testing.T) {
	require.Equal(t, 1.0, stat.SignedRankP(nil))
	require.Equal(t, 1.0, stat.SignedRankP([]float64{0, 0}))
	require.Equal(t, 1.0, stat.SignedRankP([]float64{1, -1}))
	all := make([]float64, 30)
	for i := range all {
		all[i] = 1
	}
	require.Less(t, stat.SignedRankP(all), 1e-6)
	require.InDelta(t, 2.0/64, stat.SignedRankP([]float64{1, 2, 3, 4, 5, 6}), 1e-12)
	require.InDelta(t, 2.0/64, stat.SignedRankP([]float64{-1, -2, -3, -4, -5, -6}), 1e-12)
}

// Of many samples about a known median, the interval must hold it as often as
// it says.
func TestHodgesLehmannCoverage(t *testing.T) {
	const seed, trials = 11, 2000
	r := rand.New(rand.NewPCG(seed, 0))
	for _, n := range []int{6, 13, 120} {
		held := 0
		var says float64
		for range trials {
			x := make([]float64, n)
			for i := range x {
				x[i] = 3 + r.NormFloat64()
			}
			i := stat.HodgesLehmann(x, 0.95)
			says = i.Confidence
			if i.Contains(3) {
				held++
			}
		}
		// Four standard deviations of a binomial.
		require.InDelta(t, says, float64(held)/trials, 4*math.Sqrt(says*(1-says)/trials), "n=%d", n)
	}
}
