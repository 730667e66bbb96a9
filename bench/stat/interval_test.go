package stat_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/stat"
)

func TestRatio(t *testing.T) {
	a := []float64{200, 210, 190, 205, 0, 195, 400}
	b := []float64{100, 105, 95, 102.5, 50, 97.5, 200}
	i := stat.Ratio(a, b, 0.95)
	require.Equal(t, 6, i.N, "a pair with 0 says nothing")
	require.InDelta(t, 2, i.Estimate, 1e-12)
	require.InDelta(t, 2, i.Low, 1e-12)
	require.InDelta(t, 2, i.High, 1e-12)
	back := stat.Ratio(b, a, 0.95)
	require.InDelta(t, 0.5, back.Estimate, 1e-12)
	require.Equal(t, stat.Interval{}, stat.Ratio(nil, b, 0.95))
}

func TestIntervalIsJSON(t *testing.T) {
	for _, i := range []stat.Interval{{}, stat.HodgesLehmann([]float64{1}, 0.95), stat.MeanInterval([]float64{4}, 0.95), stat.Ratio([]float64{0}, []float64{0}, 0.95)} {
		_, err := json.Marshal(i)
		require.NoError(t, err)
	}
}

func TestIntervalMap(t *testing.T) {
	i := stat.Interval{Estimate: 0, Low: -1, High: 1, Confidence: 0.95, N: 8}.Map(math.Exp)
	require.Equal(t, 1.0, i.Estimate)
	require.InDelta(t, math.E, i.High, 1e-12)
	require.Equal(t, "1 [0.3679 2.718]", i.String())
	require.True(t, i.Contains(2))
	require.False(t, i.Contains(3))
}
