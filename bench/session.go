package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/bench/pattern"
)

// stuckAfter is how long a cancelled slice waits for what is in flight.
const stuckAfter = 2 * time.Second

// session is a job ready to run on a target: descriptors and engines open,
// threads waiting.
type session struct {
	target  Target
	job     Job
	claim   *engine.File
	workers []*worker
	halt    atomic.Bool
	cpu     cpuCount
	done    chan *worker
	stuck   map[*worker]bool
}

// openSession starts the workers. j has its defaults filled in.
func openSession(t Target, j Job, live *Live) (*session, error) {
	claim, region, err := t.claim(j)
	if err != nil {
		return nil, err
	}
	s := &session{target: t, job: j, claim: claim, done: make(chan *worker, j.NumJobs), stuck: make(map[*worker]bool)}
	clock := time.Now()
	for i := range j.NumJobs {
		part := region
		if j.RW == Touch {
			part = region.Part(i, j.NumJobs)
		}
		if part.Blocks() == 0 {
			continue // more jobs than chunks
		}
		source, err := newSource(j, part, i)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		w := &worker{
			job: j, target: t, source: source, clock: clock, halt: &s.halt, cpu: &s.cpu,
			stamp: pattern.NewRand(workerSeed(^j.RandSeed, i)), tally: tally{live: live, series: make([]Sample, 0, maxSamples)},
			ready: make(chan error), commands: make(chan slice, 1), done: s.done, closed: make(chan error, 1),
		}
		go w.main()
		if err := <-w.ready; err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.workers = append(s.workers, w)
	}
	return s, nil
}

// slice runs one slice on all workers and waits for it. It returns the count
// of all workers together, and the I/O error or the cancellation that ended
// it early.
func (s *session) slice(ctx context.Context, spec slice) (count, error) {
	if err := ctx.Err(); err != nil {
		return count{}, s.error(err)
	}
	for _, w := range s.workers {
		s.stuck[w] = true
		w.commands <- spec
	}
	var cancelled <-chan struct{} = ctx.Done()
	var timeout <-chan time.Time
	for left := len(s.workers); left > 0; {
		select {
		case w := <-s.done:
			delete(s.stuck, w)
			left--
		case <-cancelled:
			s.halt.Store(true)
			cancelled = nil
			timer := time.NewTimer(stuckAfter)
			defer timer.Stop()
			timeout = timer.C
		case <-timeout:
			return count{}, s.error(errors.Join(ctx.Err(), ErrStuck))
		}
	}
	return s.count(), s.failure(ctx)
}

// count sums up the workers' last slice. They run at the same time, so
// together they took as long as the slowest.
func (s *session) count() count {
	var sum count
	for _, w := range s.workers {
		longest := max(sum.elapsed, w.tally.count.elapsed)
		sum = sum.add(w.tally.count)
		sum.elapsed = longest
	}
	return sum
}

// failure is the first error of the workers, or the cancellation of ctx.
func (s *session) failure(ctx context.Context) error {
	for _, w := range s.workers {
		if w.err != nil {
			return w.err
		}
	}
	if err := ctx.Err(); err != nil && s.halt.Load() {
		return s.error(err)
	}
	return nil
}

func (s *session) error(err error) error {
	return fmt.Errorf("bench: %s on %q: %w", s.job.RW, s.target.name(), err)
}

// close ends the workers. Those that are stuck end when their I/O does.
func (s *session) close() error {
	var err error
	for _, w := range s.workers {
		close(w.commands)
		if !s.stuck[w] {
			err = joinErrors(err, <-w.closed)
		}
	}
	return joinErrors(err, s.claim.Close())
}

// joinErrors is errors.Join, which for one error gives that error itself.
func joinErrors(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return errors.Join(a, b)
}
