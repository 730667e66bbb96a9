package stat_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/stat"
)

func TestAverages(t *testing.T) {
	require.Equal(t, 2.5, stat.Median([]float64{4, 1, 3, 2}))
	require.Equal(t, 3.0, stat.Median([]float64{9, 1, 3}))
	require.Zero(t, stat.Median(nil))
	require.Equal(t, 2.0, stat.Mean([]float64{1, 2, 3}))
	require.Zero(t, stat.Mean(nil))
	require.InDelta(t, 4, stat.GeometricMean([]float64{2, 8}), 1e-12)
	require.Zero(t, stat.GeometricMean([]float64{2, 0}))
	require.Zero(t, stat.GeometricMean(nil))
}

// The order statistics of the 95 % interval of the median, and the confidence
// they attain, as tabulated (Conover, Practical Nonparametric Statistics).
func TestSignTest(t *testing.T) {
	tests := []struct {
		n, k       int
		confidence float64
	}{
		{5, 1, 0.9375},
		{6, 1, 0.96875},
		{8, 1, 0.9922},
		{10, 2, 0.9785},
		{15, 4, 0.9648},
		{20, 6, 0.9586},
		{2000, 956, 0.95},
	}
	for _, tt := range tests {
		x := make([]float64, tt.n)
		for i := range x {
			x[tt.n-1-i] = float64(i + 1)
		}
		i := stat.SignTest(x, 0.95)
		require.Equal(t, float64(tt.k), i.Low, "n=%d", tt.n)
		require.Equal(t, float64(tt.n+1-tt.k), i.High, "n=%d", tt.n)
		require.InDelta(t, tt.confidence, i.Confidence, 1e-4, "n=%d", tt.n)
		require.Equal(t, float64(tt.n+1)/2, i.Estimate)
	}
	require.Equal(t, stat.Interval{Estimate: 7, Low: 7, High: 7, N: 1}, stat.SignTest([]float64{7}, 0.95))
	require.Equal(t, stat.Interval{}, stat.SignTest(nil, 0.95))
}
