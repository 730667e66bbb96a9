package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/units"
)

var engines = []engine.Kind{engine.PSync, engine.LibAIO, engine.URing}

// blocks makes a file of n blocks of 4 KiB of ones.
func blocks(t *testing.T, n int) bench.Target {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blocks")
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte{1}, n*4096), 0o600))
	return bench.Target{Name: "file", Path: path}
}

// direct reports whether the file system of t's target does O_DIRECT.
func direct(t *testing.T, target bench.Target) bool {
	t.Helper()
	f, err := engine.OpenFile(target.Path, engine.OpenFlags{Direct: true})
	if errors.Is(err, unix.EINVAL) {
		return false
	}
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return true
}

func TestRunOncePerBlock(t *testing.T) {
	const n = 300
	for _, kind := range engines {
		t.Run(kind.String(), func(t *testing.T) {
			target := blocks(t, n)
			j := bench.Job{RW: bench.RandWrite, Engine: kind, IODepth: 8, Direct: direct(t, target), Fsync: 100}
			r, err := bench.Run(t.Context(), target, j, bench.RunConfig{})
			require.NoError(t, err)
			require.EqualValues(t, n, r.Write.IOs)
			require.EqualValues(t, n*4096, r.Write.Bytes)
			require.EqualValues(t, 3, r.Sync.IOs)
			require.Zero(t, r.Read.IOs)
			require.EqualValues(t, n, r.Latency().Count())
			require.Positive(t, r.Elapsed)
			require.InEpsilon(t, n/r.Elapsed.Seconds(), r.IOPS, 1e-9)
			require.Positive(t, r.CPU.Total())
			require.Positive(t, r.CPUPerIO())
			require.Zero(t, r.Self.GCs)
			require.Empty(t, r.Errors)
			content, err := os.ReadFile(target.Path)
			require.NoError(t, err)
			require.Len(t, content, n*4096, "a job must not extend its file")
			for i := range n {
				require.NotEqual(t, bytes.Repeat([]byte{1}, 4096), content[i*4096:][:4096], "block %d was not written", i)
			}
		})
	}
}

// Allocations of a whole run must not grow with the number of I/Os.
func TestRunDoesNotAllocatePerIO(t *testing.T) {
	for _, kind := range engines {
		t.Run(kind.String(), func(t *testing.T) {
			// From the page cache, for as many I/Os as there can be.
			r, err := bench.Run(t.Context(), blocks(t, 256), bench.Job{
				RW: bench.RandReadWrite, Engine: kind, IODepth: 4, Runtime: 400 * time.Millisecond, TimeBased: true,
			}, bench.RunConfig{})
			require.NoError(t, err)
			t.Logf("%d allocations, %d I/Os", r.Self.Mallocs, r.IOs())
			require.Less(t, r.Self.Mallocs, uint64(64))
			require.Less(t, 10*r.Self.Mallocs, r.IOs())
			require.Zero(t, r.Self.GCs)
			require.GreaterOrEqual(t, r.Elapsed, 400*time.Millisecond)
			require.NotEmpty(t, r.Series)
			require.LessOrEqual(t, len(r.Series), int(r.Elapsed/(100*time.Millisecond))+1)
		})
	}
}

func TestRunPart(t *testing.T) {
	target := blocks(t, 64)
	target.Offset, target.Size = 16*4096, 32*4096
	r, err := bench.Run(t.Context(), target, bench.Job{RW: bench.SeqWrite, BlockSize: 8192, Offset: 4 * 4096, Size: 8 * 4096, NumJobs: 3}, bench.RunConfig{})
	require.NoError(t, err)
	require.EqualValues(t, 3*4, r.Write.IOs, "each job covers the whole region")
	content, err := os.ReadFile(target.Path)
	require.NoError(t, err)
	for i := range 64 {
		written := !bytes.Equal(content[i*4096:][:4096], bytes.Repeat([]byte{1}, 4096))
		require.Equal(t, i >= 20 && i < 28, written, "block %d", i)
	}
}

func TestRunTouch(t *testing.T) {
	for _, jobs := range []int{1, 3, 16} {
		target := blocks(t, 16*10+1) // ten chunks of 64 KiB and a block
		r, err := bench.Run(t.Context(), target, bench.Job{RW: bench.Touch, NumJobs: jobs, Engine: engine.LibAIO, IODepth: 4}, bench.RunConfig{})
		require.NoError(t, err)
		require.EqualValues(t, 11, r.Write.IOs)
		content, err := os.ReadFile(target.Path)
		require.NoError(t, err)
		for i := range 161 {
			written := !bytes.Equal(content[i*4096:][:4096], bytes.Repeat([]byte{1}, 4096))
			require.Equal(t, i%16 == 0, written, "block %d, %d jobs", i, jobs)
		}
	}
}

func TestRunRamp(t *testing.T) {
	const ramp = 200 * time.Millisecond
	var live bench.Live
	began := time.Now()
	r, err := bench.Run(t.Context(), blocks(t, 16), bench.Job{Runtime: 100 * time.Millisecond, RampTime: ramp, TimeBased: true}, bench.RunConfig{Live: &live})
	require.NoError(t, err)
	require.GreaterOrEqual(t, r.Elapsed, 100*time.Millisecond)
	require.Less(t, r.Elapsed, time.Since(began)-ramp, "the ramp is not counted")
	require.Equal(t, r.IOs(), live.IOs())
}

func TestRunEndsEarly(t *testing.T) {
	for _, kind := range engines {
		ctx, cancel := context.WithCancel(t.Context())
		var live bench.Live
		go func() {
			defer cancel()
			for live.IOs() == 0 && t.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
		}()
		r, err := bench.Run(ctx, blocks(t, 64), bench.Job{Engine: kind, IODepth: 4, Runtime: time.Hour, TimeBased: true}, bench.RunConfig{Live: &live})
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, bench.ErrStuck)
		require.True(t, r != nil, "no result")
		require.Positive(t, r.IOs(), "what was counted is kept")

		r, err = bench.Run(ctx, blocks(t, 64), bench.Job{}, bench.RunConfig{})
		require.ErrorIs(t, err, context.Canceled)
		require.True(t, r == nil, "a result")
	}
}

// A file that shrinks under the job: reads come to its end.
func TestRunShortRead(t *testing.T) {
	for _, kind := range engines {
		t.Run(kind.String(), func(t *testing.T) {
			target := blocks(t, 64)
			timer := time.AfterFunc(100*time.Millisecond, func() { _ = os.Truncate(target.Path, 8*4096+100) })
			defer timer.Stop()
			r, err := bench.Run(t.Context(), target, bench.Job{Engine: kind, IODepth: 2, Runtime: time.Minute, TimeBased: true}, bench.RunConfig{})
			require.ErrorIs(t, err, bench.ErrShort)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			var failed *bench.IOError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, engine.Read, failed.Op)
			require.GreaterOrEqual(t, failed.Offset, int64(8*4096))
			require.Less(t, failed.Done, 4096)
			require.Equal(t, "file", failed.Target)
			require.Equal(t, []*bench.IOError{failed}, r.Errors)
			text, err := json.Marshal(r)
			require.NoError(t, err)
			require.Contains(t, string(text), `"errno":null`)
		})
	}
}

func TestRunRefuses(t *testing.T) {
	good := blocks(t, 8)
	tests := []struct {
		name   string
		target bench.Target
		job    bench.Job
		want   error
	}{
		{"job", good, bench.Job{IODepth: -1}, bench.ErrJob},
		{"absent", bench.Target{Path: good.Path + "x"}, bench.Job{RW: bench.SeqWrite}, fs.ErrNotExist},
		{"directory", bench.Target{Path: filepath.Dir(good.Path)}, bench.Job{}, engine.ErrNotBlocks},
		{"target beyond the end", bench.Target{Path: good.Path, Offset: 9 * 4096}, bench.Job{}, bench.ErrJob},
		{"target too large", bench.Target{Path: good.Path, Size: 9 * 4096}, bench.Job{RW: bench.SeqWrite}, bench.ErrJob},
		{"job too large", good, bench.Job{RW: bench.SeqWrite, Size: units.MiB}, bench.ErrJob},
		{"job beyond the end", good, bench.Job{Offset: units.MiB}, bench.ErrJob},
		{"less than a block", good, bench.Job{BlockSize: 64 * units.KiB}, bench.ErrJob},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := bench.Run(t.Context(), tt.target, tt.job, bench.RunConfig{})
			require.ErrorIs(t, err, tt.want)
			require.True(t, r == nil, "a result")
		})
	}
	info, err := os.Stat(good.Path)
	require.NoError(t, err)
	require.EqualValues(t, 8*4096, info.Size())
}

func TestRunRestoresTheRuntime(t *testing.T) {
	procs, gc, limit := runtime.GOMAXPROCS(0), debug.SetGCPercent(77), debug.SetMemoryLimit(-1)
	defer debug.SetGCPercent(gc)
	descriptors, goroutines := openFiles(t), runtime.NumGoroutine()
	for _, kind := range engines {
		_, err := bench.Run(t.Context(), blocks(t, 16), bench.Job{Engine: kind, NumJobs: procs + 3}, bench.RunConfig{})
		require.NoError(t, err)
		_, err = bench.Run(t.Context(), bench.Target{Path: "/nonexistent"}, bench.Job{}, bench.RunConfig{})
		require.Error(t, err)
	}
	require.Equal(t, procs, runtime.GOMAXPROCS(0))
	require.Equal(t, 77, debug.SetGCPercent(77))
	require.Equal(t, limit, debug.SetMemoryLimit(-1))
	require.Equal(t, descriptors, openFiles(t), "descriptors leaked")
	// Eventually has a goroutine of its own; a leak would be of many.
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+1 }, time.Second, time.Millisecond, "goroutines leaked")
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestResultJSON(t *testing.T) {
	r, err := bench.Run(t.Context(), blocks(t, 16), bench.Job{Engine: engine.URing}, bench.RunConfig{})
	require.NoError(t, err)
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var back bench.Result
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, r.Read.IOs, back.Read.IOs)
	require.Equal(t, r.Read.Latency.Percentile(99), back.Read.Latency.Percentile(99))
	require.Equal(t, r.IOPSCI, back.IOPSCI)
	require.Equal(t, r.Engine, back.Engine)
}
