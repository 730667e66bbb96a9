package stat_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/stat"
)

func TestBootstrapAgreesWithStudent(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	x := make([]float64, 200)
	for i := range x {
		x[i] = 100 + 10*r.NormFloat64()
	}
	b, s := stat.Bootstrap(x, stat.Mean, 1, 4000, 0.95, 1), stat.MeanInterval(x, 0.95)
	require.InEpsilon(t, s.High-s.Low, b.High-b.Low, 0.1)
	require.InDelta(t, s.Low, b.Low, 0.3)
	require.Equal(t, b, stat.Bootstrap(x, stat.Mean, 1, 4000, 0.95, 1), "equal seeds")
}

// Slices of one measurement resemble their neighbours; runs must show the
// wider truth that single values hide.
func TestBootstrapRunsKeepCorrelation(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	x := make([]float64, 400)
	for i := range x {
		x[i] = r.NormFloat64()
		if i > 0 {
			x[i] = 0.9*x[i-1] + 0.1*x[i]
		}
	}
	single, runs := stat.Bootstrap(x, stat.Mean, 1, 2000, 0.95, 1), stat.Bootstrap(x, stat.Mean, 30, 2000, 0.95, 1)
	require.Greater(t, runs.High-runs.Low, 2*(single.High-single.Low))
}

func TestBootstrapOfFewValues(t *testing.T) {
	require.Equal(t, stat.Interval{}, stat.Bootstrap(nil, stat.Mean, 1, 100, 0.95, 0))
	require.Equal(t, stat.Interval{Estimate: 4, Low: 4, High: 4, N: 1}, stat.Bootstrap([]float64{4}, stat.Mean, 1, 100, 0.95, 0))
}
