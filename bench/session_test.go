package bench

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/bench/engine"
)

// fakeSession is a session with a worker for each engine.
func fakeSession(t *testing.T, j Job, engines ...*fakeEngine) *session {
	t.Helper()
	s := &session{target: Target{Path: "fake"}, job: j.withDefaults(), done: make(chan *worker, len(engines)), stuck: make(map[*worker]bool)}
	for _, e := range engines {
		w := fakeWorker(t, j, 1000, e)
		w.halt, w.cpu, w.done = &s.halt, &s.cpu, s.done
		w.commands, w.closed = make(chan slice, 1), make(chan error, 1)
		go func() {
			for c := range w.commands {
				w.run(c)
				w.done <- w
			}
			w.closed <- nil
		}()
		t.Cleanup(func() { close(w.commands); <-w.closed })
		s.workers = append(s.workers, w)
	}
	return s
}

func TestSessionSumsItsWorkers(t *testing.T) {
	s := fakeSession(t, Job{RW: RandRead}, &fakeEngine{}, &fakeEngine{})
	c, err := s.slice(t.Context(), slice{whole: true})
	require.NoError(t, err)
	require.EqualValues(t, 2000, c.ios)
	r := s.result()
	require.EqualValues(t, 2000, r.IOs())
	require.Equal(t, c.elapsed, r.Elapsed)
	require.Equal(t, max(s.workers[0].tally.total.elapsed, s.workers[1].tally.total.elapsed), r.Elapsed)
}

func TestSessionOneErrorStopsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := &fakeEngine{result: func(engine.Request) int32 { return -int32(unix.EIO) }}
		slow := &fakeEngine{latency: time.Millisecond}
		s := fakeSession(t, Job{RW: RandRead, Runtime: time.Hour, TimeBased: true}, slow, bad)
		began := time.Now()
		_, err := s.slice(t.Context(), slice{length: time.Hour, whole: true})
		require.ErrorIs(t, err, unix.EIO)
		require.Less(t, time.Since(began), time.Second)
		r := s.result()
		require.Len(t, r.Errors, 1)
		require.Zero(t, s.workers[1].tally.total.ios, "errors are no I/Os")
	})
}

// hanging never completes anything until it is let go.
type hanging struct {
	fakeEngine
	release chan struct{}
}

func (h *hanging) Cycle(requests []engine.Request, least, most int) ([]engine.Completion, error) {
	select {
	case <-h.release:
		return h.fakeEngine.Cycle(requests, least, most)
	case <-time.After(time.Millisecond):
		h.queue = append(h.queue, requests...)
		return nil, nil
	}
}

func TestSessionGivesUpOnStuckIO(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hanging{release: make(chan struct{})}
		s := fakeSession(t, Job{RW: RandRead, IODepth: 2}, &h.fakeEngine)
		s.workers[0].engine = h
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := s.slice(ctx, slice{whole: true})
		require.ErrorIs(t, err, ErrStuck)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 20*time.Millisecond+stuckAfter, time.Since(began))
		require.Zero(t, s.result().IOs(), "what a stuck worker counts is not read")
		require.Empty(t, s.series())
		close(h.release) // the worker ends by itself now, which Cleanup waits for
	})
}

// One target with half the latency of the other, on a machine that slows down
// all the time: the ratio must hold 2 all the same.
func TestMatchMeasuresTheRatio(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := Job{RW: RandRead, IODepth: 2, Runtime: 1, TimeBased: true}
		fast, slow := &fakeEngine{latency: 2 * time.Millisecond}, &fakeEngine{latency: 4 * time.Millisecond}
		w, err := openWindow(t.Context(), 1)
		require.NoError(t, err)
		defer w.close()
		m := &match{
			window: w, rand: rand.New(rand.NewPCG(1, 1)),
			cfg:      CompareConfig{Slices: []time.Duration{50 * time.Millisecond, 70 * time.Millisecond}, Discard: 5 * time.Millisecond, Duration: 1},
			sessions: []*session{fakeSession(t, j, fast), fakeSession(t, j, slow)},
			selves:   make([]SelfCheck, 2), series: make([][]Sample, 2),
		}
		began := time.Now()
		for _, e := range []*fakeEngine{fast, slow} {
			base := e.latency
			e.result = func(r engine.Request) int32 {
				e.latency = base + base*time.Since(began)/time.Second // half the speed after a second
				return r.Length
			}
		}
		require.NoError(t, m.play(t.Context(), 10*time.Millisecond))
		c := m.comparison()
		r := c.Ratio(0, 1)
		t.Logf("ratio %v", r)
		require.InDelta(t, 2, r.Estimate, 0.05)
		require.Greater(t, r.Low, 1.9)
		require.Less(t, r.High, 2.1)
	})
}

func TestWindowIsOneAtATime(t *testing.T) {
	w, err := openWindow(t.Context(), 1)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = openWindow(ctx, 1)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	w.close()
	again, err := openWindow(t.Context(), 1)
	require.NoError(t, err)
	again.close()
}
