package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// minBlocks is how many blocks a comparison has at least: with fewer than six
// pairs the signed-rank test has no 95 % interval.
const minBlocks = 6

// CompareConfig is how [Compare] goes about it. Zero fields mean the defaults.
type CompareConfig struct {
	// Duration is the counted time of each target; 0: 4 s. It is rounded up to
	// whole blocks, of which there are six or more.
	Duration time.Duration
	// Slices are the lengths of slices, drawn at random for each pass over the
	// targets; none: 130 and 170 ms. That they differ keeps them from running
	// in step with what the kernel does at fixed intervals, such as dm-thin's
	// commit once per second. Writes whose cost comes later want 1 to 2 s.
	Slices []time.Duration
	// Discard is what is not counted at the beginning of each slice, in which
	// the queue fills and the other target's writes drain; 0: 20 ms.
	Discard time.Duration
	// Seed makes another random order of slices.
	Seed uint64
	// Progress, if set, is called after each block, while nothing is measured.
	Progress func(Progress)
}

func (c CompareConfig) withDefaults() CompareConfig {
	if c.Duration == 0 {
		c.Duration = 4 * time.Second
	}
	if len(c.Slices) == 0 {
		c.Slices = []time.Duration{130 * time.Millisecond, 170 * time.Millisecond}
	}
	if c.Discard == 0 {
		c.Discard = 20 * time.Millisecond
	}
	return c
}

func (c CompareConfig) check() error {
	for _, s := range c.Slices {
		if s <= 0 {
			return fmt.Errorf("bench: compare: slice of %s: %w", s, ErrJob)
		}
	}
	if c.Duration < 0 || c.Discard < 0 {
		return fmt.Errorf("bench: compare: negative time: %w", ErrJob)
	}
	return nil
}

// block is the mean length of a block for each target: two slices.
func (c CompareConfig) block() time.Duration {
	var sum time.Duration
	for _, s := range c.Slices {
		sum += s
	}
	return 2 * sum / time.Duration(len(c.Slices))
}

func (c CompareConfig) blocks() int {
	block := c.block()
	return max(int((c.Duration+block-1)/block), minBlocks)
}

// Plan is how long a comparison of n targets will take, but for opening them
// and the ramp time of the job.
func (c CompareConfig) Plan(n int) time.Duration {
	c = c.withDefaults()
	return time.Duration(n*c.blocks()) * (c.block() + 2*c.Discard)
}

// Compare measures j on two or more targets against each other, in one
// process. All targets stay open; one at a time works for a slice, drains, and
// rests. A block visits the targets in random order and then in the reverse of
// it (ABBA), so that a steady drift of the machine cancels out of the ratio.
//
// Instead of the job's Runtime, CompareConfig says how long; RampTime is spent
// on each target once before the first slice. The jobs go on where they were
// from slice to slice, and over the target again and again. [Touch] and
// EndFsync have no meaning here and are [ErrJob].
//
// Errors are those of [Run]. When I/O fails or ctx is cancelled, there is a
// Comparison too, of the blocks that were complete.
func Compare(ctx context.Context, targets []Target, j Job, cfg CompareConfig) (*Comparison, error) {
	cfg = cfg.withDefaults()
	// The job has no end of its own.
	j.TimeBased, j.Runtime = true, max(cfg.Duration, 1)
	if err := errors.Join(j.Check(), cfg.check()); err != nil {
		return nil, err
	}
	if len(targets) < 2 || j.RW == Touch || j.EndFsync {
		return nil, fmt.Errorf("bench: compare %s on %d targets (end_fsync %t): %w", j.RW, len(targets), j.EndFsync, ErrJob)
	}
	j = j.withDefaults()
	w, err := openWindow(ctx, j.NumJobs)
	if err != nil {
		return nil, err
	}
	defer w.close()
	m := &match{window: w, cfg: cfg, rand: rand.New(rand.NewPCG(cfg.Seed, uint64(len(targets))))}
	err = m.open(targets, j)
	if err != nil {
		return nil, joinErrors(err, m.close())
	}
	err = m.play(ctx, j.RampTime)
	c := m.comparison()
	return c, joinErrors(err, m.close())
}

// match is a Compare under way.
type match struct {
	window   *window
	cfg      CompareConfig
	rand     *rand.Rand
	sessions []*session
	selves   []SelfCheck
	series   [][]Sample
	rates    [][]float64
}

func (m *match) open(targets []Target, j Job) error {
	for _, t := range targets {
		s, err := openSession(t, j, nil)
		if err != nil {
			return err
		}
		m.sessions = append(m.sessions, s)
		// Room for all slices, so that measuring does not allocate.
		m.series = append(m.series, make([]Sample, 0, 2*m.cfg.blocks()))
		m.selves = append(m.selves, SelfCheck{})
	}
	return nil
}

func (m *match) close() error {
	var err error
	for _, s := range m.sessions {
		err = joinErrors(err, s.close())
	}
	return err
}

// play runs the blocks.
func (m *match) play(ctx context.Context, ramp time.Duration) error {
	began := time.Now()
	for i := range m.sessions {
		if ramp > 0 {
			if _, err := m.sessions[i].slice(ctx, slice{discard: ramp, length: -1}); err != nil {
				return err
			}
		}
	}
	blocks := m.cfg.blocks()
	for b := range blocks {
		if err := m.block(ctx); err != nil {
			return err
		}
		if m.cfg.Progress != nil {
			m.cfg.Progress(progress(b+1, blocks, began))
		}
	}
	return nil
}

// block is one pass over the targets and one back.
func (m *match) block(ctx context.Context) error {
	n := len(m.sessions)
	sums := make([]count, n)
	order := m.rand.Perm(n)
	for pass := range 2 {
		length := m.cfg.Slices[m.rand.IntN(len(m.cfg.Slices))]
		for k := range n {
			i := order[k]
			if pass == 1 {
				i = order[n-1-k]
			}
			m.window.begin()
			c, err := m.sessions[i].slice(ctx, slice{discard: m.cfg.Discard, length: length})
			m.window.end(&m.selves[i])
			if err != nil {
				return err
			}
			m.series[i] = append(m.series[i], Sample{c.ios, c.elapsed})
			sums[i] = sums[i].add(c)
		}
	}
	rates := make([]float64, n)
	for i, sum := range sums {
		rates[i] = sum.rate()
	}
	m.rates = append(m.rates, rates)
	return nil
}

func (m *match) comparison() *Comparison {
	c := &Comparison{Rates: m.rates}
	for i, s := range m.sessions {
		r := s.result()
		r.Self, r.Series = m.selves[i], m.series[i]
		c.Results = append(c.Results, r)
	}
	c.finish()
	return c
}
