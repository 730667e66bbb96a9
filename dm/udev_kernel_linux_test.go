package dm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
)

// Create, resume, rename and remove wait for the answer, each with a cookie of
// its own; what sends no uevent waits for nothing.
func TestKernelUdevWaits(t *testing.T) {
	testenv.Kernel(t, "zero")
	var answers []uint32
	a, conn := opened(t, dm.Config{Udev: dm.UdevOn}, nil)
	a.answer = func(key uint32) {
		time.Sleep(50 * time.Millisecond)
		a.mu.Lock()
		answers = append(answers, key)
		a.mu.Unlock()
		complete(key)
	}
	// waited says which cookies were used since the last call, and that all
	// are answered and gone.
	seen := map[uint32]bool{}
	waited := func() (n int) {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, key := range answers {
			require.False(t, seen[key], "each is its own")
			seen[key] = true
			_, err := semaphoreID(key)
			require.ErrorIs(t, err, syscall.ENOENT)
		}
		n, answers = len(answers), nil
		return n
	}
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	require.Equal(t, 1, waited())
	for _, nr := range a.take() {
		require.EqualValues(t, primarySource, nr&^0xffff)
		require.NotZero(t, nr&0xffff)
	}
	require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
	require.Zero(t, waited(), "it was not suspended")
	require.NoError(t, d.Suspend(dm.SuspendOptions{}))
	require.Zero(t, waited())
	require.NoError(t, d.Resume(t.Context(), dm.SuspendOptions{}))
	require.Equal(t, 1, waited())
	d, err = d.Rename(t.Context(), name+"+")
	require.NoError(t, err)
	require.Equal(t, 1, waited())

	a.fail = ioctl.DevRemove
	require.ErrorIs(t, d.Remove(t.Context(), dm.RemoveOptions{}), syscall.ENOMEM)
	a.fail = 0
	require.Zero(t, waited())
	require.Empty(t, cookies(t))

	f, err := os.Open(conn.NodePath(name + "+"))
	require.NoError(t, err)
	require.ErrorIs(t, d.Remove(t.Context(), dm.RemoveOptions{Retry: 50 * time.Millisecond}), syscall.EBUSY)
	require.Zero(t, waited())
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Deferred: true}))
	require.Zero(t, waited(), "a deferred remove of an open device sends nothing")
	require.Empty(t, cookies(t))
	require.NoError(t, d.CancelDeferredRemove())
	require.NoError(t, f.Close())
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{Deferred: true}))
	require.Equal(t, 1, waited())
	require.False(t, node(t, conn, name+"+"))
}

// The program that udev's rules run answers a cookie.
func TestKernelUdevComplete(t *testing.T) {
	testenv.Kernel(t, "zero", "program dmsetup")
	a, conn := opened(t, dm.Config{Udev: dm.UdevOn}, nil)
	ownUdevControl(t)
	a.answer = func(key uint32) {
		out, err := exec.Command("dmsetup", "udevcomplete", strconv.FormatUint(uint64(key), 10)).CombinedOutput()
		if err != nil {
			t.Errorf("dmsetup udevcomplete: %v: %s", err, out)
		}
	}
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: testenv.Name(t), Table: zeroTable(8)})
	require.NoError(t, err)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
}

// ownUdevControl makes udev's socket appear to be there: dmsetup udevcomplete
// does nothing where that file is missing.
func ownUdevControl(t *testing.T) {
	t.Helper()
	require.NoError(t, os.MkdirAll(udevDir, 0o755))
	require.NoError(t, os.WriteFile(udevDir+"/control", nil, 0o600))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(udevDir)) })
}

// Without an answer the call succeeds in the end, with the node.
func TestKernelUdevTimeout(t *testing.T) {
	testenv.Kernel(t, "zero")
	var told []dm.Trace
	_, conn := opened(t, dm.Config{
		Udev: dm.UdevOn, UdevTimeout: 150 * time.Millisecond,
		Trace: func(tr dm.Trace) {
			if tr.Op == "wait for udev" {
				told = append(told, tr)
			}
		},
	}, nil)
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	require.True(t, node(t, conn, name))
	require.Empty(t, cookies(t))
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	require.False(t, node(t, conn, name))
	require.Len(t, told, 2, "told to wait, it waits each time")
	for _, tr := range told {
		require.Equal(t, name, tr.Device)
		require.ErrorIs(t, tr.Err, context.DeadlineExceeded)
		require.GreaterOrEqual(t, tr.Took, 150*time.Millisecond)
	}
}

// What a context ends is the wait alone, but for Create, which takes the device
// back. No node is left behind, none is missing.
func TestKernelUdevCanceled(t *testing.T) {
	testenv.Kernel(t, "zero")
	a, conn := opened(t, dm.Config{Udev: dm.UdevOn}, nil)
	never := func() context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		a.answer = func(uint32) { time.Sleep(20 * time.Millisecond); cancel() }
		return ctx
	}
	canceled := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, cookies(t))
	}
	name := testenv.Name(t)
	began := time.Now()
	_, err := conn.Create(never(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	canceled(err)
	require.Less(t, time.Since(began), 10*time.Second, "nor does the undo wait for long")
	require.Empty(t, marked(t))
	require.False(t, node(t, conn, name))

	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name})
	require.NoError(t, err)
	require.NoError(t, d.Load(zeroTable(8), dm.TableOptions{}))
	canceled(d.Resume(never(), dm.SuspendOptions{}))
	info, err := d.Info()
	require.NoError(t, err)
	require.False(t, info.Suspended)
	require.True(t, node(t, conn, name))

	moved, err := d.Rename(never(), name+"+")
	canceled(err)
	require.False(t, node(t, conn, name))
	require.True(t, node(t, conn, name+"+"))

	canceled(moved.Remove(never(), dm.RemoveOptions{}))
	require.Empty(t, marked(t))
	require.False(t, node(t, conn, name+"+"))
}

// Udev's rules may have the device open at the moment when Create takes it
// back.
func TestKernelUdevCanceledBusy(t *testing.T) {
	testenv.Kernel(t, "zero")
	ctx, cancel := context.WithCancel(t.Context())
	name := testenv.Name(t)
	a, conn := opened(t, dm.Config{Udev: dm.UdevOn}, nil)
	a.answer = func(key uint32) {
		if ctx.Err() != nil {
			complete(key)
			return
		}
		info, err := conn.Device(dm.ByName(name)).Info()
		if err != nil {
			t.Error(err)
		}
		f, err := os.Open(fmt.Sprintf("/dev/dm-%d", info.Dev.Minor))
		if err != nil {
			t.Error(err)
		}
		cancel()
		time.Sleep(300 * time.Millisecond)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err := conn.Create(ctx, dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, syscall.EBUSY)
	require.Empty(t, marked(t))
}

// Whoever removes the semaphores ends the waits.
func TestKernelUdevCompleteAll(t *testing.T) {
	testenv.Kernel(t, "zero", "program dmsetup")
	a, conn := opened(t, dm.Config{Udev: dm.UdevOn}, nil)
	a.answer = func(uint32) {
		time.Sleep(20 * time.Millisecond)
		if out, err := exec.Command("dmsetup", "udevcomplete_all", "-y").CombinedOutput(); err != nil {
			t.Errorf("dmsetup udevcomplete_all: %v: %s", err, out)
		}
	}
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: testenv.Name(t), Table: zeroTable(8)})
	require.NoError(t, err)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
}

// The kernel never restarts a wait for a semaphore after a signal.
func TestKernelUdevSignals(t *testing.T) {
	testenv.Kernel(t, "zero")
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGUSR1, syscall.SIGURG)
	defer signal.Stop(caught)
	a, conn := opened(t, dm.Config{Udev: dm.UdevOn}, nil)
	a.answer = func(key uint32) {
		for range 40 {
			err := errors.Join(syscall.Kill(os.Getpid(), syscall.SIGUSR1), syscall.Kill(os.Getpid(), syscall.SIGURG))
			// To each thread, and so to the one that waits.
			tasks, dirErr := os.ReadDir("/proc/self/task")
			for _, task := range tasks {
				tid, _ := strconv.Atoi(task.Name())
				_ = unix.Tgkill(os.Getpid(), tid, syscall.SIGURG)
			}
			if err = errors.Join(err, dirErr); err != nil {
				t.Error(err)
			}
		}
		complete(key)
	}
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: testenv.Name(t), Table: zeroTable(8)})
	require.NoError(t, err)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
}

// Where no semaphore can be had, there is no wait, and the node is made all the
// same.
func TestKernelUdevNoCookie(t *testing.T) {
	testenv.Kernel(t, "zero")
	const limits = "/proc/sys/kernel/sem"
	before, err := os.ReadFile(limits)
	require.NoError(t, err)
	var told []error
	a, conn := opened(t, dm.Config{Udev: dm.UdevOn, Trace: func(tr dm.Trace) {
		if tr.Op == "wait for udev" {
			told = append(told, tr.Err)
		}
	}}, nil)
	require.NoError(t, os.WriteFile(limits, []byte("32000 1024000000 500 0"), 0o644))
	defer func() { require.NoError(t, os.WriteFile(limits, before, 0o644)) }()
	name := testenv.Name(t)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	require.True(t, node(t, conn, name))
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	require.False(t, node(t, conn, name))
	require.Equal(t, []uint32{primarySource, primarySource}, a.take())
	require.Len(t, told, 2)
	require.ErrorIs(t, told[0], syscall.ENOSPC)
	require.ErrorContains(t, told[0], "dmsetup udevcookies")
}

// Without waiting, the uevent still says whose it is.
func TestKernelUdevOff(t *testing.T) {
	testenv.Kernel(t, "zero")
	a, conn := opened(t, dm.Config{Udev: dm.UdevOff}, nil)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: testenv.Name(t), Table: zeroTable(8)})
	require.NoError(t, err)
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	require.Equal(t, []uint32{primarySource, primarySource}, a.take())
}

// By the time that udev has answered, somebody else may have made a device of
// the same name and number.
func TestKernelUdevReborn(t *testing.T) {
	testenv.Kernel(t, "zero")
	name := testenv.Name(t)
	a, conn := opened(t, dm.Config{Udev: dm.UdevOn}, complete)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, Table: zeroTable(8)})
	require.NoError(t, err)
	was, err := d.Info()
	require.NoError(t, err)
	other, err := dm.Open(&dm.Config{Udev: dm.UdevOff})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	a.answer = func(key uint32) {
		_, err := other.Create(context.Background(), dm.CreateRequest{Name: name, Table: zeroTable(16), Minor: &was.Dev.Minor})
		if err != nil {
			t.Error(err)
		}
		complete(key)
	}
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	require.True(t, node(t, conn, name))
	removed(t, d)
}
