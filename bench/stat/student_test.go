package stat_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/stat"
)

// The two-sided 5 % points of Student's t, from any table.
func TestMeanInterval(t *testing.T) {
	for degrees, point := range map[int]float64{1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 10: 2.228, 29: 2.045, 30: 2.042, 120: 1.980} {
		// Alternating 9 and 11 about 10, so that the deviation is known.
		n := degrees + 1
		x := make([]float64, n)
		var squares float64
		mean := 0.0
		for i := range x {
			x[i] = 10 + math.Pow(-1, float64(i))
			mean += x[i] / float64(n)
		}
		for _, v := range x {
			squares += (v - mean) * (v - mean)
		}
		i := stat.MeanInterval(x, 0.95)
		require.InDelta(t, mean, i.Estimate, 1e-12)
		got := (i.High - mean) / math.Sqrt(squares/float64(degrees)/float64(n))
		require.InDelta(t, point, got, 1e-3, "%d degrees of freedom", degrees)
		require.InDelta(t, mean-i.Low, i.High-mean, 1e-9)
	}
	require.Equal(t, stat.Interval{Estimate: 5, Low: 5, High: 5, N: 1}, stat.MeanInterval([]float64{5}, 0.95))
	require.Equal(t, stat.Interval{}, stat.MeanInterval(nil, 0.95))
}
