package bench_test

// The stack: a file in memory or on disk, a loop device on it with O_DIRECT
// where the file system can, and jobs on the loop device.
//
//	job -> /dev/loopN -> roktest-*.img

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func TestKernelEngines(t *testing.T) {
	testenv.Kernel(t)
	disk := testenv.LoopDisk(t, 8*units.MiB)
	const n = 2048
	for _, kind := range engines {
		for _, rw := range []bench.RW{bench.SeqWrite, bench.SeqRead, bench.RandWrite, bench.RandRead, bench.SeqReadWrite, bench.RandReadWrite} {
			t.Run(kind.String()+" "+rw.String(), func(t *testing.T) {
				r, err := bench.Run(t.Context(), bench.Target{Path: disk}, bench.Job{
					RW: rw, Engine: kind, IODepth: 16, Direct: true, Fsync: 256,
				}, bench.RunConfig{})
				require.NoError(t, err)
				t.Logf("%s %s: %.0f IOPS, %v CPU per I/O", r.Engine.Used, r.Engine.Mode, r.IOPS, r.CPUPerIO())
				if !rw.Mixed() || rw.Random() {
					require.EqualValues(t, n, r.IOs())
				}
				require.EqualValues(t, r.Write.IOs/256, r.Sync.IOs)
				require.Zero(t, r.Self.GCs)
				require.Less(t, r.Self.Mallocs, uint64(64))
			})
		}
	}
}

// io_uring must be used where the kernel has it, in the mode that its version
// offers: DEFER_TASKRUN came with Linux 6.1.
func TestKernelURingMode(t *testing.T) {
	testenv.Kernel(t, "linux 6.1")
	r, err := bench.Run(t.Context(), bench.Target{Path: testenv.LoopDisk(t, units.MiB)}, bench.Job{Engine: engine.URing}, bench.RunConfig{})
	require.NoError(t, err)
	require.Equal(t, engine.Info{Requested: engine.URing, Used: engine.URing, Mode: "defer"}, r.Engine)
}

func TestKernelTouch(t *testing.T) {
	testenv.Kernel(t)
	disk := testenv.LoopDisk(t, 4*units.MiB)
	for _, kind := range engines {
		r, err := bench.Run(t.Context(), bench.Target{Path: disk}, bench.Job{RW: bench.Touch, Chunk: 128 * units.KiB, Engine: kind, IODepth: 4, NumJobs: 3, Direct: true}, bench.RunConfig{})
		require.NoError(t, err)
		require.EqualValues(t, 32, r.Write.IOs)
	}
	content, err := os.ReadFile(disk)
	require.NoError(t, err)
	for at := 0; at < len(content); at += 4096 {
		written := string(content[at:at+4096]) != string(make([]byte, 4096))
		require.Equal(t, at%(128<<10) == 0, written, "block at %d", at)
	}
}

func TestKernelCompare(t *testing.T) {
	testenv.Kernel(t)
	targets := []bench.Target{{Name: "a", Path: testenv.LoopDisk(t, 4*units.MiB)}, {Name: "b", Path: testenv.LoopDisk(t, 4*units.MiB)}}
	for _, kind := range engines {
		c, err := bench.Compare(t.Context(), targets, bench.Job{RW: bench.RandWrite, Engine: kind, IODepth: 4, Direct: true, Fsync: 4}, quick())
		require.NoError(t, err)
		ratio := c.Ratio(0, 1)
		t.Logf("%s: a/b %v", kind, ratio)
		require.Positive(t, ratio.Low)
		for _, r := range c.Results {
			require.Positive(t, r.Sync.IOs)
			require.Zero(t, r.Self.GCs)
		}
	}
}

// What something else has claimed is not written to, and while a job writes,
// nothing else can claim its device.
func TestKernelClaim(t *testing.T) {
	testenv.Kernel(t)
	disk := testenv.LoopDisk(t, units.MiB)
	write := bench.Job{RW: bench.SeqWrite, NumJobs: 2}
	claim, err := engine.OpenFile(disk, engine.OpenFlags{Claim: true})
	require.NoError(t, err)
	_, err = bench.Run(t.Context(), bench.Target{Path: disk}, write, bench.RunConfig{})
	require.ErrorIs(t, err, unix.EBUSY)
	_, err = bench.Run(t.Context(), bench.Target{Path: disk}, bench.Job{}, bench.RunConfig{})
	require.NoError(t, err, "reading disturbs nobody")
	_, err = bench.Run(t.Context(), bench.Target{Path: disk, Shared: true}, write, bench.RunConfig{})
	require.NoError(t, err)
	require.NoError(t, claim.Close())

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	write.Runtime, write.TimeBased = time.Hour, true
	ended := make(chan error, 1)
	var live bench.Live
	go func() {
		_, err := bench.Run(ctx, bench.Target{Path: disk}, write, bench.RunConfig{Live: &live})
		ended <- err
	}()
	// To try whether the device is claimed would be in the way of the claim.
	require.Eventually(t, func() bool { return live.IOs() > 0 }, time.Minute, 10*time.Millisecond)
	_, err = engine.OpenFile(disk, engine.OpenFlags{Claim: true})
	require.ErrorIs(t, err, unix.EBUSY)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}

// A device whose ground gives way: a loop device on a sparse file in a file
// system that is too small for it. The job fails with the kernel's errno, and
// what failed is not counted as I/O.
func TestKernelDeviceGoesBad(t *testing.T) {
	testenv.Kernel(t)
	for _, kind := range engines {
		t.Run(kind.String(), func(t *testing.T) {
			dir := t.TempDir()
			out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", testenv.Prefix+"small", dir).CombinedOutput()
			require.NoError(t, err, string(out))
			defer func() {
				out, err := exec.Command("umount", dir).CombinedOutput()
				require.NoError(t, err, string(out))
			}()
			path := filepath.Join(dir, testenv.Prefix+"bad.img")
			require.NoError(t, os.WriteFile(path, nil, 0o600))
			require.NoError(t, os.Truncate(path, 4<<20))
			loop, err := ioctl.AttachLoop(path, ioctl.LoopConfig{})
			require.NoError(t, err)
			defer func() { require.NoError(t, loop.Detach()) }()
			r, err := bench.Run(t.Context(), bench.Target{Name: "bad", Path: loop.Path()}, bench.Job{
				RW: bench.SeqWrite, Engine: kind, IODepth: 4, Direct: true, Runtime: 20 * time.Second, TimeBased: true,
			}, bench.RunConfig{})
			var failed *bench.IOError
			require.ErrorAs(t, err, &failed)
			require.True(t, errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EIO), "%v", err)
			require.Equal(t, engine.Write, failed.Op)
			require.InDelta(t, 1<<20, failed.Offset, 512<<10)
			require.Equal(t, []*bench.IOError{failed}, r.Errors)
			require.InDelta(t, 256, r.Write.IOs, 128)
		})
	}
}

// A read-only device refuses to be opened for writing.
func TestKernelReadOnlyDevice(t *testing.T) {
	testenv.Kernel(t)
	path := filepath.Join(t.TempDir(), testenv.Prefix+"ro.img")
	require.NoError(t, os.WriteFile(path, make([]byte, 1<<20), 0o600))
	loop, err := ioctl.AttachLoop(path, ioctl.LoopConfig{ReadOnly: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Detach()) }()
	_, err = bench.Run(t.Context(), bench.Target{Path: loop.Path()}, bench.Job{RW: bench.SeqWrite}, bench.RunConfig{})
	require.Error(t, err)
	_, err = bench.Run(t.Context(), bench.Target{Path: loop.Path()}, bench.Job{}, bench.RunConfig{})
	require.NoError(t, err)
}
