package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Arm is one side of a [CompareOnce].
type Arm struct {
	Name string
	// Fresh makes a target on which the job has not run yet, such as a thin
	// volume just created. replicate counts from 0. After the run, release is
	// called if it is not nil, with the run's result, or nil where there is
	// none; its error ends the comparison.
	Fresh func(ctx context.Context, replicate int) (t Target, release func(*Result) error, err error)
}

// OnceConfig is how [CompareOnce] goes about it. Zero fields mean the defaults.
type OnceConfig struct {
	// Replicates is how often each arm runs; 0: 6, the fewest of which the
	// signed-rank test makes a 95 % interval.
	Replicates int
	// Budget, if set, is the time after which no further replicate begins, once
	// there are six: on a slow machine intervals become wider, not runs longer.
	Budget time.Duration
	// Seed makes another random order of the arms.
	Seed uint64
	// Progress, if set, is called after each run.
	Progress func(Progress)
}

// CompareOnce measures j where it can be done once per volume: for each
// replicate, and for each arm in random order, it asks for a fresh target and
// runs j on it from beginning to end. The runs of a replicate are a block of
// the [Comparison]; each Result sums up its arm's runs, with its Series one
// sample per run.
//
// The first error ends it: those of [Run], of Fresh, and of release. There is a
// Comparison of the complete replicates too, if there is at least one.
func CompareOnce(ctx context.Context, arms []Arm, j Job, cfg OnceConfig) (*Comparison, error) {
	if err := j.Check(); err != nil {
		return nil, err
	}
	if cfg.Replicates == 0 {
		cfg.Replicates = minBlocks
	}
	if len(arms) == 0 || cfg.Replicates < 0 {
		return nil, fmt.Errorf("bench: compare %d arms %d times: %w", len(arms), cfg.Replicates, ErrJob)
	}
	j = j.withDefaults()
	began := time.Now()
	order := rand.New(rand.NewPCG(cfg.Seed, uint64(len(arms))))
	c := &Comparison{}
	for replicate := range cfg.Replicates {
		if cfg.Budget > 0 && replicate >= minBlocks && time.Since(began) >= cfg.Budget {
			break
		}
		block := make([]*Result, len(arms))
		for k, i := range order.Perm(len(arms)) {
			// Each replicate in another order of blocks, the same for all arms.
			job := j
			job.RandSeed += uint64(replicate)
			r, err := arms[i].run(ctx, replicate, job)
			if err != nil {
				if len(c.Rates) == 0 {
					return nil, err
				}
				c.finish()
				return c, err
			}
			block[i] = r
			if cfg.Progress != nil {
				cfg.Progress(progress(replicate*len(arms)+k+1, cfg.Replicates*len(arms), began))
			}
		}
		c.addBlock(block)
	}
	c.finish()
	return c, nil
}

func (a Arm) run(ctx context.Context, replicate int, j Job) (*Result, error) {
	t, release, err := a.Fresh(ctx, replicate)
	if err != nil {
		return nil, fmt.Errorf("bench: fresh target for %q, replicate %d: %w", a.Name, replicate, err)
	}
	r, err := Run(ctx, t, j, RunConfig{})
	if release != nil {
		if failed := release(r); failed != nil {
			err = joinErrors(err, fmt.Errorf("bench: release target of %q, replicate %d: %w", a.Name, replicate, failed))
		}
	}
	if err != nil {
		return nil, err
	}
	r.Target.Name = a.Name
	return r, nil
}

// addBlock adds the runs of one replicate, one for each arm.
func (c *Comparison) addBlock(block []*Result) {
	rates := make([]float64, len(block))
	for i, r := range block {
		rates[i] = r.IOPS
		run := Sample{IOs: r.IOs(), Elapsed: r.Elapsed}
		if len(c.Results) < len(block) {
			r.Series = []Sample{run}
			c.Results = append(c.Results, r)
			continue
		}
		c.Results[i].merge(r)
		c.Results[i].Series = append(c.Results[i].Series, run)
	}
	c.Rates = append(c.Rates, rates)
}

// merge adds a later run of the same job.
func (r *Result) merge(o *Result) {
	for i, from := range []*Stats{&o.Read, &o.Write, &o.Sync} {
		to := []*Stats{&r.Read, &r.Write, &r.Sync}[i]
		to.IOs += from.IOs
		to.Bytes += from.Bytes
		to.Latency.Merge(&from.Latency)
	}
	r.Elapsed += o.Elapsed
	r.CPU = r.CPU.Add(o.CPU)
	r.Self.Mallocs += o.Self.Mallocs
	r.Self.GCs += o.Self.GCs
	r.Self.Process = r.Self.Process.Add(o.Self.Process)
	r.Errors = append(r.Errors, o.Errors...)
	r.IOPS = count{ios: r.IOs(), elapsed: r.Elapsed}.rate()
}
