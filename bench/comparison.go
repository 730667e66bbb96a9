package bench

import (
	"time"

	"github.com/rok-storage/rok/bench/stat"
)

// Comparison is what a job did on several targets. Index i is the i-th target
// (or arm) throughout.
type Comparison struct {
	Results []*Result `json:"results"`
	// Rates are reads and writes per second, by block and target. A block is
	// the samples that are compared with each other: of a Compare, two slices
	// of each target, and of a CompareOnce, one run of each arm.
	Rates [][]float64 `json:"rates"`
}

// Ratio is the rate of target a over that of target b, from the blocks' ratios:
// the Hodges–Lehmann estimate with its 95 % interval. Above 1, a is faster. An
// interval that holds 1 shows no difference.
func (c *Comparison) Ratio(a, b int) stat.Interval {
	return stat.Ratio(c.column(a), c.column(b), confidence)
}

func (c *Comparison) column(i int) []float64 {
	rates := make([]float64, len(c.Rates))
	for block, r := range c.Rates {
		rates[block] = r[i]
	}
	return rates
}

// finish fills in the results' intervals.
func (c *Comparison) finish() {
	for i, r := range c.Results {
		r.setInterval(c.column(i))
	}
}

// Progress is how far a comparison is.
type Progress struct {
	Done, Steps int // blocks or runs
	// Elapsed is the time since the beginning, and Left what the rest takes if
	// it goes on as it went so far.
	Elapsed, Left time.Duration
}

func progress(done, steps int, began time.Time) Progress {
	p := Progress{Done: done, Steps: steps, Elapsed: time.Since(began)}
	if done > 0 {
		p.Left = p.Elapsed * time.Duration(steps-done) / time.Duration(done)
	}
	return p
}
