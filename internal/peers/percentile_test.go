package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/stat"
)

func TestAgree(t *testing.T) {
	for _, test := range []struct {
		name      string
		low, high float64
		rate      float64
		want      bool
	}{
		{"equal", 0.99, 1.01, 1, true},
		{"a bucket apart", 1.015, 1.015, 1, true},
		{"more than a bucket", 1.02, 1.03, 1, false},
		{"shorter by as much as the rate is higher", 0.79, 0.81, 1.25, true},
		{"equal at a higher rate", 1, 1, 1.25, true},
		{"shorter than the rate explains", 0.7, 0.75, 1.25, false},
		{"longer at a higher rate", 1.1, 1.2, 1.25, false},
	} {
		got := agree(stat.Interval{Low: test.low, High: test.high}, test.rate)
		require.Equal(t, test.want, got, test.name)
	}
	require.Equal(t, "50:90:99", percentileList())
}
