package bench

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/bench/pattern"
)

// fakeEngine completes requests in order, as its hooks say.
type fakeEngine struct {
	result  func(r engine.Request) int32 // nil: as asked for
	latency time.Duration                // of one Cycle; in a synctest bubble, exactly
	broken  error

	queue   []engine.Request
	all     []engine.Request
	deepest int
	largest int // batch submitted
	most    int // completions in one Cycle
	buffer  []byte
}

func (e *fakeEngine) Cycle(requests []engine.Request, least, most int) ([]engine.Completion, error) {
	if e.broken != nil {
		return nil, e.broken
	}
	e.queue = append(e.queue, requests...)
	e.all = append(e.all, requests...)
	e.deepest, e.largest = max(e.deepest, len(e.queue)), max(e.largest, len(requests))
	if least == 0 {
		return nil, nil
	}
	time.Sleep(e.latency)
	var done []engine.Completion
	for _, r := range e.queue[:min(max(least, 2), most, len(e.queue))] {
		result := r.Length
		if e.result != nil {
			result = e.result(r)
		}
		done = append(done, engine.Completion{Slot: r.Slot, Result: result})
	}
	e.queue = e.queue[len(done):]
	e.most = max(e.most, len(done))
	return done, nil
}

func (e *fakeEngine) ReadBuffer(int32) []byte  { return e.buffer }
func (e *fakeEngine) WriteBuffer(int32) []byte { return e.buffer }
func (e *fakeEngine) Close() error             { return nil }

// fakeWorker is a worker of j on a region of n blocks.
func fakeWorker(t *testing.T, j Job, n int, e *fakeEngine) *worker {
	t.Helper()
	require.NoError(t, j.Check())
	j = j.withDefaults()
	e.buffer = make([]byte, j.BlockSize)
	size := int64(n) * int64(j.BlockSize)
	source, err := newSource(j, pattern.Region{Size: size, BlockSize: int64(j.BlockSize), Stride: int64(j.Chunk)}, 0)
	require.NoError(t, err)
	w := &worker{
		job: j, target: Target{Path: "fake"}, source: source, clock: time.Now(), halt: new(atomic.Bool), cpu: new(cpuCount),
		engine: e, info: engine.Info{Used: engine.LibAIO}, tally: tally{series: make([]Sample, 0, maxSamples)},
	}
	w.prepare()
	return w
}

func TestWorkerKeepsTheQueueFull(t *testing.T) {
	e := &fakeEngine{}
	w := fakeWorker(t, Job{RW: RandRead, IODepth: 8, BatchSubmit: 3}, 100, e)
	w.run(slice{whole: true})
	require.NoError(t, w.err)
	require.Len(t, e.all, 100)
	require.Equal(t, 8, e.deepest)
	require.Equal(t, 3, e.largest)
	require.EqualValues(t, 100, w.tally.latency[engine.Read].Count())
	require.EqualValues(t, 100, w.tally.total.ios)
	require.Zero(t, w.inFlight())
}

func TestWorkerTakesCompletionsAsFioDoes(t *testing.T) {
	e := &fakeEngine{}
	w := fakeWorker(t, Job{RW: RandRead, IODepth: 8, BatchCompleteMax: 1}, 50, e)
	w.run(slice{whole: true})
	require.Equal(t, 1, e.most)
	e = &fakeEngine{}
	w = fakeWorker(t, Job{RW: RandRead, IODepth: 8, BatchCompleteMin: 4}, 50, e)
	w.run(slice{whole: true})
	require.Equal(t, 4, e.most)
}

func TestWorkerStopsAtTheFirstError(t *testing.T) {
	tests := []struct {
		name   string
		result int32
		want   error
		done   int
	}{
		{"errno", -int32(unix.EIO), unix.EIO, 0},
		{"no space", -int32(unix.ENOSPC), unix.ENOSPC, 0},
		{"short", 512, ErrShort, 512},
		{"nothing", 0, ErrShort, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := &fakeEngine{result: func(r engine.Request) int32 {
				if r.Offset == 40*4096 {
					return tt.result
				}
				return r.Length
			}}
			w := fakeWorker(t, Job{RW: SeqWrite, IODepth: 4}, 1000, e)
			w.run(slice{whole: true})
			require.ErrorIs(t, w.err, tt.want)
			var failed *IOError
			require.ErrorAs(t, w.err, &failed)
			require.Equal(t, IOError{Target: "fake", Op: engine.Write, Offset: 40 * 4096, Length: 4096, Done: tt.done, Err: tt.want}, *failed)
			require.True(t, w.halt.Load(), "the other workers must stop too")
			require.Zero(t, w.inFlight(), "drained")
			require.LessOrEqual(t, len(e.all), 48)
			require.EqualValues(t, len(e.all)-1, w.tally.total.ios, "an error is no I/O")
		})
	}
}

func TestWorkerReportsABrokenEngine(t *testing.T) {
	broken := errors.New("broken")
	w := fakeWorker(t, Job{RW: RandRead}, 10, &fakeEngine{broken: broken})
	w.run(slice{whole: true})
	require.ErrorIs(t, w.err, broken)
}

func TestWorkerSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &fakeEngine{latency: time.Millisecond}
		w := fakeWorker(t, Job{RW: RandRead, IODepth: 4, TimeBased: true, Runtime: 1}, 1000, e)
		for i := range uint64(3) {
			w.run(slice{discard: 10 * time.Millisecond, length: 40 * time.Millisecond})
			require.NoError(t, w.err)
			require.Zero(t, w.inFlight(), "drained")
			// Two completions each millisecond; those at 10 ms begin the count.
			require.Equal(t, uint64(80), w.tally.count.ios)
			require.Equal(t, 40*time.Millisecond, w.tally.count.elapsed)
			require.Equal(t, 80*(i+1), w.tally.total.ios)
			require.Equal(t, 80*(i+1), w.tally.latency[engine.Read].Count())
			require.EqualValues(t, 2*time.Millisecond, w.tally.latency[engine.Read].Max(), "four in flight, two at a time")
		}
		require.Greater(t, len(e.all), 240, "what was discarded and what drained is not counted")
		require.Empty(t, w.tally.series)
	})
}

func TestWorkerSliceWithoutCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &fakeEngine{latency: time.Millisecond}
		w := fakeWorker(t, Job{RW: RandRead, TimeBased: true, Runtime: 1}, 1000, e)
		w.run(slice{discard: 10 * time.Millisecond, length: -1})
		require.Len(t, e.all, 10)
		require.Equal(t, count{}, w.tally.total)
		require.Zero(t, w.tally.latency[engine.Read].Count())
	})
}

// A target that stalls while its I/O is discarded still gets its full slice.
func TestWorkerStallInDiscard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &fakeEngine{latency: 30 * time.Millisecond}
		w := fakeWorker(t, Job{RW: RandRead, TimeBased: true, Runtime: 1}, 1000, e)
		w.run(slice{discard: time.Millisecond, length: 50 * time.Millisecond})
		require.Equal(t, 60*time.Millisecond, w.tally.count.elapsed, "to the end of an I/O")
		require.EqualValues(t, 2, w.tally.count.ios)
	})
}

func TestWorkerWholeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &fakeEngine{latency: time.Millisecond}
		w := fakeWorker(t, Job{RW: RandRead, IODepth: 4, TimeBased: true, Runtime: 1}, 1000, e)
		w.run(slice{length: time.Second, whole: true})
		require.EqualValues(t, len(e.all), w.tally.total.ios, "every I/O counts")
		require.Equal(t, 1001*time.Millisecond, w.tally.total.elapsed, "and the time in which the last ones drain")
		require.Len(t, w.tally.series, 11)
		for _, s := range w.tally.series[:10] {
			require.Equal(t, Sample{IOs: 200, Elapsed: 100 * time.Millisecond}, s)
		}
		require.Equal(t, Sample{IOs: 2, Elapsed: time.Millisecond}, w.tally.series[10])
	})
}

func TestWorkerNeverWritesASectorTwiceTheSame(t *testing.T) {
	seen := make(map[string]bool)
	e := &fakeEngine{}
	e.result = func(r engine.Request) int32 {
		for at := 0; at < len(e.buffer); at += 512 {
			sector := string(e.buffer[at : at+512])
			require.False(t, seen[sector])
			seen[sector] = true
		}
		return r.Length
	}
	w := fakeWorker(t, Job{RW: SeqWrite}, 20, e)
	w.run(slice{whole: true})
	require.Len(t, seen, 20*8)
}

func TestWorkerWritesZerosWhenAsked(t *testing.T) {
	e := &fakeEngine{}
	e.result = func(r engine.Request) int32 {
		require.Equal(t, make([]byte, 4096), e.buffer)
		return r.Length
	}
	w := fakeWorker(t, Job{RW: SeqWrite, ZeroBuffers: true}, 5, e)
	w.run(slice{whole: true})
	require.Len(t, e.all, 5)
}
