package ioctl_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

// semaphore makes one that nobody else has, with the given value.
func semaphore(t *testing.T, value int) *ioctl.Semaphore {
	t.Helper()
	for {
		s, err := ioctl.CreateSemaphore(int32(0x0e4e0000|rand.Uint32N(1<<16)), value)
		if errors.Is(err, syscall.EEXIST) {
			continue
		}
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, s.Remove()) })
		return s
	}
}

func TestSemaphore(t *testing.T) {
	s := semaphore(t, 1)
	_, err := ioctl.CreateSemaphore(s.Key(), 0)
	require.ErrorIs(t, err, syscall.EEXIST)
	require.NoError(t, s.Add(2))
	value, err := s.Value()
	require.NoError(t, err)
	require.Equal(t, 3, value)
	require.ErrorIs(t, s.Add(-4), syscall.EAGAIN)
	require.ErrorIs(t, s.Add(1<<16), syscall.ERANGE, "no less than asked for")
	for _, value := range []int{-1, 1 << 15, 1<<16 + 1} {
		_, err = ioctl.CreateSemaphore(s.Key()+1, value)
		require.ErrorIs(t, err, syscall.ERANGE)
	}
	require.NoError(t, s.Add(-3))
	require.NoError(t, s.WaitZero(t.Context()))
	require.NoError(t, s.Remove())
	require.NoError(t, s.Remove(), "twice is no error")
	require.Error(t, s.Add(1))
	_, err = s.Value()
	require.Error(t, err)
	require.NoError(t, s.WaitZero(t.Context()), "removed before the wait")
}

func TestSemaphoreWait(t *testing.T) {
	waits := func(t *testing.T, ctx context.Context, s *ioctl.Semaphore) <-chan error {
		done := make(chan error, 1)
		go func() { done <- s.WaitZero(ctx) }()
		select {
		case err := <-done:
			t.Fatalf("did not wait: %v", err)
		case <-time.After(30 * time.Millisecond):
		}
		return done
	}
	t.Run("zero", func(t *testing.T) {
		s := semaphore(t, 1)
		done := waits(t, t.Context(), s)
		require.NoError(t, s.Add(-1))
		require.NoError(t, <-done)
	})
	t.Run("removed", func(t *testing.T) {
		s := semaphore(t, 1)
		done := waits(t, t.Context(), s)
		require.NoError(t, s.Remove())
		require.NoError(t, <-done)
	})
	t.Run("deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, <-waits(t, ctx, semaphore(t, 1)), context.DeadlineExceeded)
	})
	t.Run("canceled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		done := waits(t, ctx, semaphore(t, 1))
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
	t.Run("signals", func(t *testing.T) {
		caught := make(chan os.Signal, 1)
		signal.Notify(caught, syscall.SIGUSR1)
		defer signal.Stop(caught)
		s := semaphore(t, 1)
		done := waits(t, t.Context(), s)
		for range 20 {
			require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGUSR1))
			<-caught
		}
		select {
		case err := <-done:
			t.Fatalf("a signal ended the wait: %v", err)
		default:
		}
		require.NoError(t, s.Add(-1))
		require.NoError(t, <-done)
	})
}
