package hist_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/hist"
)

func TestIndex(t *testing.T) {
	tests := []struct {
		name  string
		ns    int64
		index int
	}{
		{"negative", -1, 0},
		{"zero", 0, 0},
		{"last exact", 127, 127},
		{"first pair", 128, 128},
		{"same pair", 129, 128},
		{"next pair", 130, 129},
		{"end of first group", 255, 191},
		{"second group", 256, 192},
		{"one second", 1_000_000_000, 1591},
		{"beyond the end", math.MaxInt64, hist.Buckets - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.index, hist.Index(tt.ns)) })
	}
}

func TestMiddleIsInItsBucket(t *testing.T) {
	for i := range hist.Buckets {
		m := hist.Middle(i)
		require.Equal(t, i, hist.Index(m), "bucket %d, middle %d", i, m)
		if i > 0 {
			require.Greater(t, m, hist.Middle(i-1))
		}
	}
}

func TestErrorIsAtMostOneIn128(t *testing.T) {
	for ns := int64(1); ns < 1<<34; ns += ns/1000 + 1 {
		off := math.Abs(float64(hist.Middle(hist.Index(ns)) - ns))
		require.LessOrEqual(t, off, float64(ns)/128+1e-9, "%d ns", ns)
	}
}
