package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"github.com/rok-storage/rok/bench/stat"
)

// operation is something that can be done again and again.
type operation func() error

// contender is one way of doing an operation.
type contender struct {
	name string
	do   operation
	// process says that do starts a process, which takes so long that one is
	// a measurement, and few are enough.
	process bool
}

// cost is what one contender's operation took.
type cost struct {
	ns     []float64 // per operation, by round; 0 where it was not measured
	allocs float64   // per operation
	bytes  float64   // the same
	calls  int       // system calls per operation
}

// confidence is that of all intervals in the report.
const confidence = 0.95

// undisturbed is the part of the rounds that counts, from below: an operation
// that always does the same takes longer only when something else on the
// machine comes between, and on a busy one that is most of the time.
const undisturbed = 0.1

// time is what an operation takes when nothing disturbs it.
func (c *cost) time() float64 {
	ns := slices.DeleteFunc(slices.Sorted(slices.Values(c.ns)), func(ns float64) bool { return ns == 0 })
	if len(ns) == 0 {
		return 0
	}
	return ns[int(undisturbed*float64(len(ns)))]
}

// over is the ratio of c's time to d's, with the interval that the bootstrap
// gives it over the rounds.
func (c *cost) over(d *cost) stat.Interval {
	rounds := make([]float64, len(c.ns))
	for i := range rounds {
		rounds[i] = float64(i)
	}
	return stat.Bootstrap(rounds, func(drawn []float64) float64 {
		var a, b cost
		for _, round := range drawn {
			a.ns, b.ns = append(a.ns, c.ns[int(round)]), append(b.ns, d.ns[int(round)])
		}
		return a.time() / b.time()
	}, 1, resamples, confidence, 1)
}

// resamples is how often the bootstrap draws.
const resamples = 200

// processEvery is how many rounds go by until processes take part again.
const processEvery = 20

// interleave lets the contenders take turns, so that the drift of the machine
// falls on all alike: in each round every one runs for about the length of a
// slice, in an order drawn anew, so that what one leaves behind in caches and
// heap does not always meet the same other.
//
// All do an operation as often, so that the two readings of the clock, which
// are system calls in user-mode Linux, weigh the same.
func interleave(ctx context.Context, contenders []contender, rounds int, slice time.Duration) ([]cost, error) {
	costs := make([]cost, len(contenders))
	n := 0
	var round time.Duration // without processes
	for i, c := range contenders {
		var took time.Duration
		var err error
		if n == 0 {
			n, err = calibrate(c, slice)
		}
		if err == nil {
			took, err = costs[i].count(c)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		if !c.process {
			round += took * time.Duration(n)
		}
	}
	rounds = affordable(round, rounds)
	for i := range costs {
		costs[i].ns = make([]float64, rounds)
	}
	draw := rand.New(rand.NewPCG(1, 2))
	for round := range rounds {
		for _, i := range draw.Perm(len(contenders)) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			c := contenders[i]
			if c.process && round%processEvery != 0 {
				continue
			}
			var err error
			if costs[i].ns[round], err = measure(c, n); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return costs, nil
}

// A row takes at most about this long, but for rows of operations so slow that
// fewest rounds take longer.
const (
	rowTime      = 10 * time.Second
	fewestRounds = 100
)

// affordable is how many rounds there are when one takes so long.
func affordable(round time.Duration, rounds int) int {
	return min(rounds, max(fewestRounds, int(rowTime/round)))
}

// calibrate finds how often c, which starts no process, fits in a slice. What
// disturbs the machine makes it seldomer, so the best of a few tries counts.
func calibrate(c contender, slice time.Duration) (int, error) {
	best := 1
	for range 5 {
		for n := 1; n < 1<<20; n *= 2 {
			ns, err := measure(c, n)
			if err != nil {
				return 0, err
			}
			if ns*float64(n) >= float64(slice) {
				best = max(best, int(float64(slice)/ns))
				break
			}
		}
	}
	return best, nil
}

// measure does an operation n times and returns what one took in nanoseconds.
// One before is not measured: it finds the caches, and the pools that a
// collection has emptied, as the contender before has left them.
func measure(c contender, n int) (float64, error) {
	if c.process {
		n = 1
	} else if err := c.do(); err != nil {
		return 0, err
	}
	began := time.Now()
	for range n {
		if err := c.do(); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(began).Nanoseconds()) / float64(n), nil
}

// countTime is about how long allocations are counted.
const countTime = 100 * time.Millisecond

// count counts the allocations of an operation, as the mean over at most a
// thousand. It returns what one takes.
func (c *cost) count(of contender) (time.Duration, error) {
	first, err := measure(of, 1)
	if err != nil || of.process {
		return time.Duration(first), err
	}
	n := min(max(int(float64(countTime)/first), 3), 1000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ns, err := measure(of, n-1) // which does one more
	if err != nil {
		return 0, err
	}
	runtime.ReadMemStats(&after)
	c.allocs = float64(after.Mallocs-before.Mallocs) / float64(n)
	c.bytes = float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
	return time.Duration(ns), nil
}
