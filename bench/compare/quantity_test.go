package compare

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFormat(t *testing.T) {
	nan := math.NaN()
	tests := []struct{ name, got, want string }{
		{"IOPS", formatIOPS(1234567.4), "1,234,567"},
		{"three digits", formatIOPS(999.4), "999"},
		{"IOPS of a disk", formatIOPS(99.94), "99.9"},
		{"IOPS rounded up", formatIOPS(99.95), "100"},
		{"no IOPS", formatIOPS(nan), "-"},
		{"spread", formatSpread(100, [2]float64{97, 101}), "±3.0%"},
		{"wide spread", formatSpread(100, [2]float64{97, 160}), "±60%"},
		{"no spread", formatSpread(nan, [2]float64{97, 160}), "-"},
		{"ratio", formatRatio(1.046), "1.05"},
		{"ratio rounded up", formatRatio(9.996), "10.0"},
		{"large ratio", formatRatio(140.2), "140"},
		{"endless ratio", formatRatio(math.Inf(1)), "-"},
		{"interval", formatInterval([2]float64{0.5, 12}), "[0.50, 12.0]"},
		{"no interval", formatInterval([2]float64{0, 12}), "-"},
		{"ns", formatLatency(870), "870ns"},
		{"µs", formatLatency(38_249), "38.2µs"},
		{"ms rounded up", formatLatency(999_900), "1.00ms"},
		{"seconds", formatLatency(60_100_000_000), "60.1s"},
		{"no latency", formatLatency(0), "-"},
		{"held", formatSeconds(5.07), "5.07s"},
		{"not held", formatSeconds(0), "0s"},
		{"lost", formatLost(4096), "4KiB"},
		{"nothing lost", formatLost(0), "none"},
		{"one", plural(1, "CPU"), "1 CPU"},
		{"two", plural(2, "CPU"), "2 CPUs"},
		{"escape", printable("a\x1b[0m\n\xffü\u202e"), `a\x1b[0m\n\xffü\u202e`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, tt.got) })
	}
}

func TestEnumerate(t *testing.T) {
	require.Equal(t, "", enumerate(nil))
	require.Equal(t, "a", enumerate([]string{"a"}))
	require.Equal(t, "a, b and c", enumerate([]string{"a", "b", "c"}))
}
