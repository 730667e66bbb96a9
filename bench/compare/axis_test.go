package compare

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinearAxis(t *testing.T) {
	tests := []struct {
		high  float64
		ticks []float64
	}{
		{25000, []float64{0, 10000, 20000, 30000}},
		{50, []float64{0, 20, 40, 60}},
		{60, []float64{0, 20, 40, 60}},
		{math.NaN(), []float64{0, 0.5, 1}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.high), func(t *testing.T) {
			a := linearAxis(tt.high, 10, 110)
			require.InDeltaSlice(t, tt.ticks, a.ticks(), 1e-9)
			require.InDelta(t, 10, a.at(0), 1e-9)
			require.InDelta(t, 110, a.at(tt.ticks[len(tt.ticks)-1]), 1e-9)
			require.InDelta(t, 110, a.at(1e12), 1e-9, "kept to the axis")
		})
	}
}

func TestLogAxis(t *testing.T) {
	tests := []struct {
		low, high float64
		ticks     []float64
	}{
		{0.9, 5.66, []float64{0.5, 1, 2, 5, 10}},
		{1, 2, []float64{1, 2}},
		{3, 3, []float64{2, 5}},
		{5, 5, []float64{5, 10}},
		{120, 90_000, []float64{100, 1000, 10_000, 100_000}},
		{math.Inf(1), 0, []float64{1, 2, 5, 10}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.low, tt.high), func(t *testing.T) {
			a := logAxis(tt.low, tt.high, 0, 100)
			require.InDeltaSlice(t, tt.ticks, a.ticks(), 1e-6)
			require.InDelta(t, 0, a.at(a.low), 1e-9)
			require.InDelta(t, 50, a.at(math.Sqrt(a.low*a.high)), 1e-9)
		})
	}
}
