package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rok-storage/rok/bench/stat"
	"github.com/rok-storage/rok/units"
)

// place is where a target's cells run.
type place struct {
	path string
	size units.Bytes
}

// duel is a cell, run by both in alternating pairs.
type duel struct {
	cell
	rok, fio []ran
	// What the start of each process costs, which a run of a second would
	// otherwise count as the I/Os': fio's is a third of a short run's. They are
	// measured between the pairs, since a machine is not equally fast for long.
	rokStarts, fioStarts []ran
}

// pairCount is how many pairs a cell gets: least, and more until the interval of
// the processor time is narrow or lies on one side of the bar, but not more than
// most. Either side will do, so that no result is waited for.
type pairCount struct {
	least, most int
	narrow      float64 // the interval's width over the estimate
}

// pairCount is what the flags ask for.
func (c config) pairCount() pairCount {
	n := pairCount{least: c.pairs, most: 8 * c.pairs, narrow: 0.1}
	if c.quick {
		n.most = n.least
	}
	return n
}

// enough reports whether d needs no more pairs.
func (n pairCount) enough(d *duel) bool {
	if done := len(d.rok); done < n.least || done >= n.most {
		return done >= n.most
	}
	i := d.cpu()
	return i.High <= maxCPU || i.Low > maxCPU || i.High-i.Low <= n.narrow*i.Estimate
}

// fight runs the pairs; every second one the other way round, and with a start of
// each before it.
func fight(ctx context.Context, c cell, p place, n pairCount, length time.Duration) (*duel, error) {
	d := &duel{cell: c}
	for i := 0; !n.enough(d); i++ {
		if i%2 == 0 {
			if err := d.turns(ctx, p, i/2, 0, &d.rokStarts, &d.fioStarts); err != nil {
				return nil, err
			}
		}
		if err := d.turns(ctx, p, i, length, &d.rok, &d.fio); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// turns runs each once, fio first where i is odd.
func (d *duel) turns(ctx context.Context, p place, i int, length time.Duration, rok, fio *[]ran) error {
	turns := []struct {
		run  program
		into *[]ran
	}{{rokRun, rok}, {fioRun, fio}}
	if i%2 == 1 {
		turns[0], turns[1] = turns[1], turns[0]
	}
	for _, turn := range turns {
		r, err := turn.run(ctx, d.cell, p.path, p.size, length)
		if err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
		*turn.into = append(*turn.into, r)
	}
	return nil
}

// each collects one figure of each run.
func each(runs []ran, figure func(*ran) float64) []float64 {
	figures := make([]float64, len(runs))
	for i := range runs {
		figures[i] = figure(&runs[i])
	}
	return figures
}

func iops(r *ran) float64 { return r.iops }

// start is the processor time of a process that does next to nothing.
func start(runs []ran) time.Duration {
	return time.Duration(stat.Median(each(runs, func(r *ran) float64 { return float64(r.cpu) })))
}

// perIO is a run's processor time for each I/O in nanoseconds, kernel threads
// included and the start of the process left out.
func perIO(start time.Duration) func(*ran) float64 {
	return func(r *ran) float64 {
		return float64(max(r.cpu-start, 0)+r.kernel) / float64(max(r.ios, 1))
	}
}

func percentile(p float64) func(*ran) float64 {
	return func(r *ran) float64 { return float64(r.latency.Percentile(p)) }
}

// rate is rok's I/Os per second over fio's.
func (d *duel) rate() stat.Interval {
	return stat.Ratio(each(d.rok, iops), each(d.fio, iops), confidence)
}

// cpu is rok's processor time per I/O over fio's.
func (d *duel) cpu() stat.Interval {
	return stat.Ratio(each(d.rok, perIO(start(d.rokStarts))), each(d.fio, perIO(start(d.fioStarts))), confidence)
}

// latency is the p-th percentile of rok's latencies over fio's, with an interval
// of the given confidence.
func (d *duel) latency(p, at float64) stat.Interval {
	return stat.Ratio(each(d.rok, percentile(p)), each(d.fio, percentile(p)), at)
}
