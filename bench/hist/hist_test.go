package hist_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/hist"
)

func TestHistogramRecord(t *testing.T) {
	var h hist.Histogram
	require.Zero(t, h.Percentile(50))
	require.Zero(t, h.Mean())
	for _, ns := range []int64{5, 100, 1000, -3} {
		h.Record(ns)
	}
	require.EqualValues(t, 4, h.Count())
	require.EqualValues(t, 0, h.Min())
	require.EqualValues(t, 1000, h.Max())
	require.InDelta(t, 1105.0/4, h.Mean(), 1e-9)
	h.Reset()
	require.Zero(t, h.Count())
}

func TestHistogramMergeEqualsRecordingAll(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	var all, a, b hist.Histogram
	for i := range 10_000 {
		ns := int64(math.Exp(r.Float64() * 25))
		all.Record(ns)
		if i%3 == 0 {
			a.Record(ns)
		} else {
			b.Record(ns)
		}
	}
	a.Merge(&b)
	a.Merge(&hist.Histogram{})
	require.Equal(t, all, a)
}

func TestHistogramStdDev(t *testing.T) {
	var h hist.Histogram
	for range 10 {
		h.Record(5000)
	}
	require.Zero(t, h.StdDev())
	h.Reset()
	// 2, 4, 4, 4, 5, 5, 7, 9 have a sample standard deviation of sqrt(32/7).
	for _, ns := range []int64{2, 4, 4, 4, 5, 5, 7, 9} {
		h.Record(ns)
	}
	require.InDelta(t, math.Sqrt(32.0/7), h.StdDev(), 1e-12)
}

func TestRecordDoesNotAllocate(t *testing.T) {
	var h hist.Histogram
	require.Zero(t, testing.AllocsPerRun(1000, func() { h.Record(12345); _ = h.Percentile(99) }))
}

func BenchmarkRecord(b *testing.B) {
	var h hist.Histogram
	for i := range b.N {
		h.Record(int64(i))
	}
}
