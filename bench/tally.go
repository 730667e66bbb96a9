package bench

import (
	"time"

	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/bench/hist"
)

const (
	samplePeriod = 100 * time.Millisecond
	maxSamples   = 1024
)

// tally is what a worker counts.
type tally struct {
	latency [3]hist.Histogram // of reads, writes and syncs, over all slices
	total   count             // over all slices that ended
	count   count             // of this slice

	began int64

	series     []Sample // capacity maxSamples
	period     int64
	sampled    count // what the series holds so far
	nextSample int64
	live       *Live
	_          [64]byte // keeps the next worker's fields off this cache line
}

// count is a number of reads and writes, and what they took.
type count struct {
	ios     uint64
	elapsed time.Duration
}

func (c count) add(d count) count {
	return count{c.ios + d.ios, c.elapsed + d.elapsed}
}

func (c count) rate() float64 {
	if c.elapsed <= 0 {
		return 0
	}
	return float64(c.ios) / c.elapsed.Seconds()
}

// add counts one I/O.
func (t *tally) add(op engine.Op, ns int64) {
	t.latency[min(op, engine.Sync)].Record(ns)
	if op < engine.Sync {
		t.count.ios++
	}
}

func (t *tally) start(now int64, series bool) {
	t.began, t.nextSample = now, never
	if series {
		t.period = int64(samplePeriod)
		t.nextSample = now + t.period
	}
}

func (t *tally) stop(now int64) {
	t.count.elapsed = time.Duration(now - t.began)
	t.total = t.total.add(t.count)
	if t.nextSample != never {
		t.sample(now)
	}
}

// sample ends a period of the series. When the series is full, neighbours are
// merged and periods are twice as long from then on.
func (t *tally) sample(now int64) {
	s := Sample{IOs: t.count.ios - t.sampled.ios, Elapsed: time.Duration(now-t.began) - t.sampled.elapsed}
	if s.Elapsed <= 0 {
		return
	}
	t.sampled = count{ios: t.count.ios, elapsed: time.Duration(now - t.began)}
	if len(t.series) == cap(t.series) {
		for i := range len(t.series) / 2 {
			a, b := t.series[2*i], t.series[2*i+1]
			t.series[i] = Sample{a.IOs + b.IOs, a.Elapsed + b.Elapsed}
		}
		t.series = t.series[:len(t.series)/2]
		t.period *= 2
	}
	t.series = append(t.series, s)
	t.nextSample = now + t.period
	if t.live != nil {
		t.live.ios.Add(s.IOs)
	}
}
