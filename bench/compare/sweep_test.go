package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

const (
	killAfterEnv = "ROK_TEST_KILL_AFTER" // requests to the kernel
	killDirEnv   = "ROK_TEST_KILL_DIR"
)

// victim is the process that TestKernelKilled kills: it kills itself after so
// many requests. It returns the status to exit with.
func victim(after, dir string) int {
	if after == "hang" {
		return hang(dir)
	}
	limit, err := strconv.Atoi(after)
	if err != nil {
		return 2
	}
	requests := 0
	conn, err := dm.Open(&dm.Config{Trace: func(dm.Trace) {
		if requests++; requests == limit {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}})
	if err == nil {
		_, err = victimPlan(dir).Run(context.Background(), conn)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// hangingPlan writes until its pool holds the writes back, for a minute.
func hangingPlan(dir string) *Plan {
	return &Plan{cfg: Config{Dir: dir, Size: 8 * units.MiB}.Fill(), cases: []spaceCase{spaceCases()[0]}}
}

// hang is [victim] for a process that is killed while its write is held back.
func hang(dir string) int {
	conn, err := dm.Open(nil)
	if err == nil {
		_, err = hangingPlan(dir).Run(context.Background(), conn)
	}
	fmt.Println("not killed:", err)
	return 1
}

// A run that was killed and cannot die, because its own pool holds its write
// back, is removed too.
func TestKernelKilledInQueuedWrite(t *testing.T) {
	dir := t.TempDir()
	conn := open(t, dir)
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), killAfterEnv+"=hang", killDirEnv+"="+dir)
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		pools, err := conn.ListMatching(dm.Filter{Name: namePrefix})
		for _, e := range pools {
			if pool, err := thin.OpenPool(conn, dm.ByName(e.Name)); err == nil {
				status, err := pool.Status()
				return err == nil && status.State == thin.OutOfDataSpace
			}
		}
		return err != nil
	}, 30*time.Second, 50*time.Millisecond)
	swept, err := Sweep(t.Context(), conn, dir)
	require.NoError(t, err)
	require.Empty(t, swept, "it is alive")
	require.NoError(t, cmd.Process.Kill())
	began := time.Now()
	swept, err = Sweep(t.Context(), conn, dir)
	require.NoError(t, err)
	require.Len(t, swept, 1)
	require.Less(t, time.Since(began), 30*time.Second)
	require.ErrorContains(t, cmd.Wait(), "killed")
}

// What another run took away is made again, and what another run takes away
// meanwhile is no error.
func TestKernelSweepRaces(t *testing.T) {
	dir := t.TempDir()
	conn := open(t, dir)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	for range 2 {
		go func() {
			var all error
			for ctx.Err() == nil {
				_, err := Sweep(context.Background(), conn, dir)
				all = errors.Join(all, err)
			}
			done <- all
		}()
	}
	for range 200 {
		o, err := newOwn(conn, dir)
		require.NoError(t, err)
		held, err := os.Stat(filepath.Join(o.dir, lockFile))
		require.NoError(t, err)
		mine, err := o.lock.Stat()
		require.NoError(t, err)
		require.True(t, os.SameFile(held, mine))
		require.NoError(t, o.close(ctx))
	}
	stop()
	require.NoError(t, <-done)
	require.NoError(t, <-done)
}

// A step that cannot be undone leaves the directory, by which the next run
// finds the rest.
func TestKernelLeft(t *testing.T) {
	dir := t.TempDir()
	conn := open(t, dir)
	o, err := newOwn(conn, dir)
	require.NoError(t, err)
	dev, _, err := o.device(t.Context(), "thick", dm.Table{{Length: 8, Target: dm.Zero{}}})
	require.NoError(t, err)
	f, err := os.Open(conn.NodePath(o.name("thick")))
	require.NoError(t, err)
	err = o.close(t.Context())
	var left *LeftError
	require.ErrorAs(t, err, &left)
	require.ErrorContains(t, err, o.name("thick"))
	require.NoError(t, f.Close())
	swept, err := Sweep(t.Context(), conn, dir)
	require.NoError(t, err)
	require.Equal(t, []string{o.id}, swept)
	there, err := dev.Exists()
	require.NoError(t, err)
	require.False(t, there)
}

func TestKernelNoSpaceForTheFile(t *testing.T) {
	dir := t.TempDir()
	conn := open(t, dir)
	_, err := (&Plan{cfg: Config{Dir: dir, Size: 100 * units.GiB}.Fill()}).Run(t.Context(), conn)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.ErrorContains(t, err, "are needed")
}

// victimPlan makes every kind of device, and lets space end once.
func victimPlan(dir string) *Plan {
	return &Plan{
		cfg:      Config{Dir: dir, Virtual: true, Size: 8 * units.MiB, Latency: time.Millisecond}.Fill(),
		backings: []Backing{Latency},
		cases:    []spaceCase{spaceCases()[1]},
	}
}

// A run that is killed at any moment leaves what the next one removes, and
// nothing else is removed.
func TestKernelKilled(t *testing.T) {
	dir := t.TempDir()
	conn := open(t, t.TempDir())
	ctx := context.Background()

	// Others' property: a device, and a run that is alive.
	name := testenv.Name(t)
	other, err := conn.Create(ctx, dm.CreateRequest{Name: name, UUID: "roktest-compare", Table: dm.Table{{Length: 8, Target: dm.Zero{}}}})
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Remove(ctx, dm.RemoveOptions{})) }()
	alive, err := newOwn(conn, dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, alive.close(ctx)) }()
	living, _, err := alive.device(ctx, "thick", dm.Table{{Length: 8, Target: dm.Zero{}}})
	require.NoError(t, err)

	self, err := os.Executable()
	require.NoError(t, err)
	killed := 0
	for after := 2; ; after += 5 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", killAfterEnv, after), killDirEnv+"="+dir)
		out, err := cmd.CombinedOutput()
		done := err == nil
		if !done {
			require.Contains(t, err.Error(), "killed", "%s", out)
			killed++
		}
		_, err = Sweep(ctx, conn, dir)
		require.NoError(t, err)
		left, err := conn.ListMatching(dm.Filter{Name: namePrefix})
		require.NoError(t, err)
		require.Len(t, left, 1, "killed after %d requests", after)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		loops, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
		require.NoError(t, err)
		require.Empty(t, loops)
		if done {
			break
		}
	}
	require.Greater(t, killed, 10)
	for _, d := range []*dm.Device{other, living} {
		there, err := d.Exists()
		require.NoError(t, err)
		require.True(t, there)
	}
}

// Interrupted at any moment, a run leaves nothing.
func TestKernelInterrupted(t *testing.T) {
	dir := t.TempDir()
	conn := open(t, dir)
	for after := 1; ; after += 7 {
		ctx, interrupt := context.WithCancel(context.Background())
		requests := 0
		traced, err := dm.Open(&dm.Config{Trace: func(dm.Trace) {
			if requests++; requests == after {
				interrupt()
			}
		}})
		require.NoError(t, err)
		_, err = victimPlan(dir).Run(ctx, traced)
		requireNothingLeft(t, conn, dir)
		require.NoError(t, traced.Close())
		interrupt()
		if err == nil {
			require.Greater(t, after, 50)
			return
		}
		require.ErrorIs(t, err, context.Canceled)
	}
}
