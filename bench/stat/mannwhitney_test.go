package stat_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/stat"
)

// Permeability of the human chorioamnion: Hollander and Wolfe, example 4.1.
// R's wilcox.test(x, y, alternative="greater") gives W = 35, p = 0.1272.
func TestMannWhitneyPOfPublishedExample(t *testing.T) {
	x := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	y := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	require.InDelta(t, 2*0.1272, stat.MannWhitneyP(x, y), 1e-4)
	require.InDelta(t, stat.MannWhitneyP(x, y), stat.MannWhitneyP(y, x), 1e-12)
}

func TestMannWhitneyP(t *testing.T) {
	a, b := []float64{1, 2, 3, 4}, []float64{5, 6, 7, 8}
	require.InDelta(t, 2.0/70, stat.MannWhitneyP(a, b), 1e-12) // 2 of C(8,4) orders
	require.Equal(t, 1.0, stat.MannWhitneyP(nil, a))
	require.Equal(t, 1.0, stat.MannWhitneyP([]float64{1, 1}, []float64{1, 1}))
	// Ties: by the approximation, near the exact value of the untied sample.
	require.InDelta(t, 2.0/70, stat.MannWhitneyP([]float64{1, 2, 3, 3}, b), 0.01)

	// Exact and approximate must meet where one takes over.
	var x, y []float64
	for i := range 51 {
		x, y = append(x, float64(2*i)), append(y, float64(2*i)+13)
	}
	require.InDelta(t, stat.MannWhitneyP(x[:50], y[:50]), stat.MannWhitneyP(x, y), 0.01)
}
