package ioctl_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

// lockFile opens the same file anew at each call.
func lockFile(t *testing.T) func() *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lock")
	return func() *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		return f
	}
}

func TestLockWaits(t *testing.T) {
	open := lockFile(t)
	for _, exclusive := range []bool{true, false} {
		holder, waiter := open(), open()
		require.NoError(t, ioctl.Lock(t.Context(), holder, true))
		got := make(chan error, 1)
		go func() { got <- ioctl.Lock(t.Context(), waiter, exclusive) }()
		select {
		case err := <-got:
			t.Fatalf("did not wait: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		require.NoError(t, holder.Close())
		require.NoError(t, <-got)
		ok, err := ioctl.TryLock(open(), true)
		require.NoError(t, err)
		require.False(t, ok, "the waiter has it")
		require.NoError(t, waiter.Close())
	}
}

// A wait ends with its context, at once, and leaves no lock and no place in the
// queue.
func TestLockEnds(t *testing.T) {
	open := lockFile(t)
	holder := open()
	require.NoError(t, ioctl.Lock(t.Context(), holder, true))
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
			defer cancel()
			f := open()
			began := time.Now()
			err := ioctl.Lock(ctx, f, i%2 == 0)
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 900*time.Millisecond {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
		})
	}
	all.Wait()
	require.NoError(t, ioctl.Unlock(holder))
	ok, err := ioctl.TryLock(open(), true)
	require.NoError(t, err)
	require.True(t, ok)
}

// The context ends in the moment in which the lock comes free: it is had, or
// not, and never had by nobody.
func TestLockEndsAsItComes(t *testing.T) {
	open := lockFile(t)
	had := 0
	for i := range 300 {
		holder, waiter := open(), open()
		require.NoError(t, ioctl.Lock(t.Context(), holder, true))
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error, 1)
		go func() { got <- ioctl.Lock(ctx, waiter, true) }()
		time.Sleep(time.Duration(i%10) * 20 * time.Microsecond)
		go cancel()
		require.NoError(t, holder.Close())
		err := <-got
		third := open()
		ok, tryErr := ioctl.TryLock(third, true)
		require.NoError(t, tryErr)
		require.NoError(t, third.Close())
		if err == nil {
			had++
			require.False(t, ok)
		} else {
			require.ErrorIs(t, err, context.Canceled)
			require.True(t, ok, "given up, and nobody else has it")
		}
		require.NoError(t, waiter.Close())
		cancel()
	}
	t.Logf("had it %d times of 300", had)
}

func TestLockRefused(t *testing.T) {
	f := lockFile(t)()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, ioctl.Lock(ctx, f, true), context.Canceled)
	require.NoError(t, f.Close())
	require.ErrorIs(t, ioctl.Lock(t.Context(), f, true), os.ErrClosed)
}

// The lock of a process that is killed is free.
func TestLockOfKilled(t *testing.T) {
	open := lockFile(t)
	holder := open()
	require.NoError(t, ioctl.Lock(t.Context(), holder, true))
	cmd := exec.Command("sleep", "60")
	cmd.ExtraFiles = []*os.File{holder}
	require.NoError(t, cmd.Start())
	require.NoError(t, holder.Close(), "the child has it alone")
	waiter := open()
	got := make(chan error, 1)
	go func() { got <- ioctl.Lock(t.Context(), waiter, true) }()
	time.Sleep(10 * time.Millisecond)
	require.Empty(t, got)
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.NoError(t, <-got)
}
