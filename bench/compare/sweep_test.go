package compare

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
)

const (
	killAfterEnv = "ROK_TEST_KILL_AFTER" // requests to the kernel
	killDirEnv   = "ROK_TEST_KILL_DIR"
)

// TestKernelVictim is the process that TestKernelKilled kills: it kills itself
// after so many requests.
func TestKernelVictim(t *testing.T) {
	testenv.Kernel(t, "thin-pool", "thin", "linear", "delay")
	after, err := strconv.Atoi(os.Getenv(killAfterEnv))
	if err != nil {
		return // run by itself it has nothing to do
	}
	requests := 0
	conn, err := dm.Open(&dm.Config{Trace: func(dm.Trace) {
		if requests++; requests == after {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}})
	require.NoError(t, err)
	_, err = victimPlan(t, os.Getenv(killDirEnv)).Run(context.Background(), conn)
	require.NoError(t, err)
	fmt.Println("victim done after", requests, "requests")
}

func victimPlan(t *testing.T, dir string) *Plan {
	return shortPlan(t, Config{Dir: dir, Virtual: true}, func(g group) bool {
		return g.backing == Latency && g.workload == RandRead && g.depth == 16
	}, ThinError)
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
	for after := 2; ; after += 4 {
		cmd := exec.Command(self, "-test.run=^TestKernelVictim$", "-test.count=1")
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
		_, err = victimPlan(t, dir).Run(ctx, traced)
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
