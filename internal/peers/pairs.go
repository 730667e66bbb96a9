package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rok-storage/rok/bench/engine"
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
	start    startup
}

// startup is what the start of each process costs, which a run of a second
// would otherwise count as the I/Os'.
type startup struct{ rok, fio time.Duration }

// fight runs the pairs; every second one the other way round.
func fight(ctx context.Context, c cell, p place, pairs int, length time.Duration) (*duel, error) {
	d := &duel{cell: c}
	for i := range pairs {
		turns := []struct {
			run  program
			into *[]ran
		}{{rokRun, &d.rok}, {fioRun, &d.fio}}
		if i%2 == 1 {
			turns[0], turns[1] = turns[1], turns[0]
		}
		for _, turn := range turns {
			r, err := turn.run(ctx, c, p.path, p.size, length)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c, err)
			}
			*turn.into = append(*turn.into, r)
		}
	}
	return d, nil
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
	return stat.Ratio(each(d.rok, perIO(d.start.rok)), each(d.fio, perIO(d.start.fio)), confidence)
}

// latency is the p-th percentile of rok's latencies over fio's, with an interval
// of the given confidence.
func (d *duel) latency(p, at float64) stat.Interval {
	return stat.Ratio(each(d.rok, percentile(p)), each(d.fio, percentile(p)), at)
}

// startKey is what the start of a process depends on.
type startKey struct {
	engine engine.Kind
	depth  int
}

// starts measures the start of the processes that the cells need: the median
// of a few runs of one I/O for each thread.
func starts(ctx context.Context, all []cell, p place, repeats int) (map[startKey]startup, error) {
	found := make(map[startKey]startup)
	for _, c := range all {
		key := startKey{c.engine, c.depth}
		if _, ok := found[key]; ok {
			continue
		}
		d, err := fight(ctx, c, p, repeats, 0)
		if err != nil {
			return nil, fmt.Errorf("start of the processes: %w", err)
		}
		cpu := func(r *ran) float64 { return float64(r.cpu) }
		found[key] = startup{
			rok: time.Duration(stat.Median(each(d.rok, cpu))),
			fio: time.Duration(stat.Median(each(d.fio, cpu))),
		}
	}
	return found, nil
}
