package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/bench/engine"
)

// duelOf is a duel of twelve pairs in which rok has the given rate and
// processor time for each I/O, and fio 1000 and 10 µs.
func duelOf(rate float64, perIO time.Duration) *duel {
	d := &duel{
		cell:      cell{"file", bench.RandRead, engine.URing, 16},
		rokStarts: []ran{{cpu: time.Millisecond}, {cpu: time.Second}, {cpu: 0}},
		fioStarts: []ran{{cpu: 9 * time.Millisecond}},
	}
	for i := range 12 {
		drift := 1 + float64(i)/10 // falls on both
		r := ran{iops: rate * drift, ios: 1000, cpu: time.Millisecond + 1000*perIO/2, kernel: 1000 * perIO / 2}
		f := ran{iops: 1000 * drift, ios: 1000, cpu: 19 * time.Millisecond, told: map[float64]int64{}}
		r.latency.Record(1000)
		f.latency.Record(1000)
		for _, p := range percentiles {
			f.told[p] = f.latency.Percentile(p)
		}
		d.rok, d.fio = append(d.rok, r), append(d.fio, f)
	}
	return d
}

func TestDuel(t *testing.T) {
	d := duelOf(1100, 5*time.Microsecond)
	require.InDelta(t, 1.1, d.rate().Estimate, 1e-9)
	require.InDelta(t, 0.5, d.cpu().Estimate, 1e-9)
	require.InDelta(t, 1, d.latency(50, confidence).Estimate, 1e-9)
}

func TestPairCount(t *testing.T) {
	n := pairCount{least: 4, most: 20, narrow: 0.1}
	d := duelOf(1000, 10*time.Microsecond)
	require.True(t, n.enough(d), "all pairs are alike")
	vary := func(scale float64) {
		for i := range d.rok {
			d.rok[i].kernel = time.Duration(scale * (1 + 2*float64(i%5)) * float64(time.Millisecond))
		}
	}
	vary(1)
	require.False(t, n.enough(d), "no pair is like another")
	vary(0.1)
	require.True(t, n.enough(d), "but each is below the bar")
	vary(10)
	require.True(t, n.enough(d), "or above")
	vary(1)
	n.most = len(d.rok)
	require.True(t, n.enough(d))
	d.rok, d.fio = d.rok[:3], d.fio[:3]
	require.False(t, n.enough(d), "three are too few")
	require.False(t, n.enough(&duel{}))
}

func TestFioBars(t *testing.T) {
	missed := func(duels ...*duel) []string {
		var missed []string
		for _, b := range fioBars(duels) {
			missed = append(missed, b.misses...)
		}
		return missed
	}
	require.Empty(t, missed(duelOf(1000, 10*time.Microsecond)))
	require.Equal(t, []string{
		"file randread io_uring 16: 0.960 [0.960 0.960]", "0.960",
	}, missed(duelOf(960, 10*time.Microsecond)))
	require.Equal(t, []string{
		"file randread io_uring 16: 1.100 [1.100 1.100]",
	}, missed(duelOf(1000, 11*time.Microsecond)))

	wrong := duelOf(1000, 10*time.Microsecond)
	wrong.fio[0].told[50]++
	require.Equal(t, []string{"file randread io_uring 16: p50: fio says 1005, rok 1004 ns"}, missed(wrong))
}
