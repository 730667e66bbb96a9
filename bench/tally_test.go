package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/engine"
)

// A run much longer than the series has room for keeps all of its I/Os in
// fewer, longer samples.
func TestTallySeriesFolds(t *testing.T) {
	var live Live
	ta := tally{series: make([]Sample, 0, 8), live: &live}
	ta.start(0, true)
	now := int64(0)
	const steps = 1000
	for range steps {
		now += int64(30 * time.Millisecond)
		ta.add(engine.Write, 1000)
		ta.add(engine.Sync, 5000)
		if now >= ta.nextSample {
			ta.sample(now)
		}
	}
	ta.stop(now)
	require.LessOrEqual(t, len(ta.series), 8)
	require.Equal(t, 8, cap(ta.series), "no allocation")
	var sum Sample
	for _, s := range ta.series {
		sum.IOs, sum.Elapsed = sum.IOs+s.IOs, sum.Elapsed+s.Elapsed
	}
	require.EqualValues(t, steps, sum.IOs)
	require.Equal(t, time.Duration(now), sum.Elapsed)
	require.EqualValues(t, steps, live.IOs())
	require.Equal(t, count{ios: steps, elapsed: time.Duration(now)}, ta.total)
	require.InDelta(t, 1/0.030, ta.total.rate(), 1e-6)
	require.EqualValues(t, steps, ta.latency[engine.Sync].Count())
	require.EqualValues(t, steps, ta.latency[engine.Write].Count())
}

func TestSeconds(t *testing.T) {
	var series []Sample
	for i := range 35 {
		series = append(series, Sample{IOs: uint64(i / 10 * 10), Elapsed: 100 * time.Millisecond})
	}
	require.InDeltaSlice(t, []float64{0, 100, 200}, seconds(series), 1e-9)
	require.Empty(t, seconds(nil))
}
