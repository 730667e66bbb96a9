package compare

import (
	"context"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/units"
)

// job is the load of a group.
func (g group) job(cfg Config) bench.Job {
	j := bench.Job{
		Engine: cfg.Engine, BlockSize: blockSize, IODepth: g.depth, Direct: true, Fsync: g.fsync, RW: bench.RandRead,
	}
	if cfg.Virtual && g.depth > 1 {
		// A system call of user-mode Linux costs as much as the I/O: one at a
		// time, only the calls would be measured, whatever is below them.
		j.BatchSubmit, j.BatchCompleteMin = g.depth, g.depth/2
	}
	switch {
	case g.once:
		j.RW, j.Chunk, j.Size = bench.Touch, chunkSize, units.Bytes(g.chunks)*chunkSize
		j.EndFsync = g.fsync > 0 // the last writes' share of what an fsync costs
	case g.workload == RandWrite:
		j.RW = bench.RandWrite
	}
	return j
}

// measure measures a group on a stand.
func (s *stand) measure(ctx context.Context, p *Plan, g group, progress func(bench.Progress)) ([]Cell, string, error) {
	if g.once {
		return s.measureOnce(ctx, p, g, progress)
	}
	times := p.slices(g.backing)
	targets := make([]bench.Target, len(g.targets))
	for i, t := range g.targets {
		targets[i] = s.target(t)
	}
	c, err := bench.Compare(ctx, targets, g.job(p.cfg), bench.CompareConfig{
		Duration: times.counted, Slices: times.slices, Discard: times.discard, Progress: progress,
	})
	if err != nil {
		return nil, "", fmt.Errorf("compare: %v: %w", g, err)
	}
	cells, used := g.cells(c)
	return cells, used, nil
}

// measureOnce measures a group whose targets are fresh for each run.
func (s *stand) measureOnce(ctx context.Context, p *Plan, g group, progress func(bench.Progress)) ([]Cell, string, error) {
	proofs := make([]proof, len(g.targets))
	arms := make([]bench.Arm, len(g.targets))
	for i, t := range g.targets {
		arms[i] = bench.Arm{Name: string(t), Fresh: func(ctx context.Context, _ int) (bench.Target, func(*bench.Result) error, error) {
			if t == Thick {
				return s.target(Thick), nil, nil
			}
			return s.freshTarget(ctx, t, g, &proofs[i])
		}}
	}
	c, err := bench.CompareOnce(ctx, arms, g.job(p.cfg), bench.OnceConfig{Replicates: g.replicates, Budget: g.time, Progress: progress})
	if err != nil {
		return nil, "", fmt.Errorf("compare: %v: %w", g, err)
	}
	cells, used := g.cells(c)
	for i := range cells {
		cells[i].ChunksTouched, cells[i].ChunksMapped = proofs[i].touched, proofs[i].mapped
	}
	// The thick arm is there for the ratios; its own figures are those of the
	// lasting volumes.
	return slices.DeleteFunc(cells, func(c Cell) bool { return c.Target == Thick }), used, nil
}

// proof is what the pool's status counted around the runs of an arm.
type proof struct{ touched, mapped uint64 }

// freshTarget makes a target for one run of an arm. After the run, release
// holds the pool to have mapped one chunk for each that was touched: then none
// was mapped, or was the volume's own, before.
func (s *stand) freshTarget(ctx context.Context, kind Target, g group, sum *proof) (bench.Target, func(*bench.Result) error, error) {
	v, err := s.fresh(ctx, kind)
	if err != nil {
		return bench.Target{}, nil, err
	}
	before, err := s.pool.CommitStatus()
	if err != nil {
		return bench.Target{}, nil, err
	}
	release := func(r *bench.Result) error {
		after, err := s.pool.CommitStatus()
		if err != nil {
			return err
		}
		if r != nil && len(r.Errors) == 0 {
			mapped := after.Data.Used - before.Data.Used
			sum.touched += uint64(g.chunks)
			sum.mapped += mapped
			if mapped != uint64(g.chunks) {
				return fmt.Errorf("compare: %s: %d chunks touched, but the pool mapped %d: not a measurement of first writes", kind, g.chunks, mapped)
			}
		}
		return s.drop(ctx, v)
	}
	return bench.Target{Name: string(kind), Path: v.Path(), Size: s.volume}, release, nil
}

// curve is the list of percentiles in a cell's latency curve: fio's default
// list from the median on.
func curve() []float64 { return []float64{1, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99} }

// cells makes a cell of each target's result, and names the engine that was
// used.
func (g group) cells(c *bench.Comparison) ([]Cell, string) {
	thick := slices.Index(g.targets, Thick)
	cells := make([]Cell, len(g.targets))
	used := ""
	for i, t := range g.targets {
		r := c.Results[i]
		used = r.Engine.Used.String()
		latency := r.Latency()
		cell := Cell{
			Backing: g.backing, Target: t, Workload: g.workload, QueueDepth: g.depth, FsyncEvery: g.fsync,
			IOPS: r.IOPS, IOPSCI: interval(r.IOPSCI),
			ThickOverThis: 1, ThickOverThisCI: [2]float64{1, 1},
			Latency: LatencyReport{
				P50:  uint64(latency.Percentile(50)),
				P99:  uint64(latency.Percentile(99)),
				P999: uint64(latency.Percentile(99.9)),
			},
			Samples: len(c.Rates),
		}
		if i != thick {
			ratio := c.Ratio(thick, i)
			cell.ThickOverThis, cell.ThickOverThisCI = ratio.Estimate, interval(ratio)
		}
		for _, percent := range curve() {
			cell.Curve = append(cell.Curve, Percentile{Percent: percent, Latency: uint64(latency.Percentile(percent))})
		}
		cells[i] = cell
	}
	return cells, used
}
