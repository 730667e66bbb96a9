package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/storetest"
)

// What a bucket fails with, a client can tell.
func TestErrorsPass(t *testing.T) {
	for _, want := range []error{store.ErrMissing, store.ErrExists, store.ErrChanged, store.ErrUnreachable, store.ErrNoSpace,
		store.ErrDenied, store.ErrCorrupt, store.ErrSettings, store.ErrLocked, errors.ErrUnsupported} {
		b := &storetest.Faulty{Bucket: &storetest.Memory{}, Plan: func(storetest.Call) storetest.Fault {
			return storetest.Fault{Before: fmt.Errorf("because: %w", want)}
		}}
		c := dial(t, serve(t, daemon.Config{Bucket: b}))
		check := func(err error) {
			t.Helper()
			require.ErrorIs(t, err, want)
			require.ErrorContains(t, err, "because")
			var e *store.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.Address(), e.Address)
			if want != store.ErrMissing {
				require.NotErrorIs(t, err, store.ErrMissing)
			}
		}
		_, _, err := c.Get(t.Context(), "a", 0, make([]byte, 9))
		check(err)
		_, err = c.Stat(t.Context(), "a")
		check(err)
		_, err = c.Put(t.Context(), "a", strings.NewReader("x"), store.Condition{})
		check(err)
		check(c.Delete(t.Context(), "a"))
		for _, err := range c.List(t.Context(), "") {
			check(err)
		}
	}
}

func TestPermits(t *testing.T) {
	require.NoError(t, daemon.Permits(0, 7, nil))
	require.NoError(t, daemon.Permits(7, 7, nil))
	require.ErrorIs(t, daemon.Permits(8, 7, nil), store.ErrDenied)
	require.ErrorIs(t, daemon.Permits(7, 0, []int{8}), store.ErrDenied)
	require.NoError(t, daemon.Permits(8, 7, []int{9, 8}))
}

func TestTooManyConnections(t *testing.T) {
	var refused atomic.Int64
	path := serve(t, daemon.Config{Bucket: &storetest.Memory{}, Connections: 1, Watch: func(s daemon.Served) {
		if s.Op == "refused" {
			refused.Add(1)
		}
	}})
	dial(t, path)
	_, err := daemon.Dial(t.Context(), path)
	require.ErrorIs(t, err, store.ErrUnreachable)
	require.ErrorContains(t, err, "as many connections")
	require.Equal(t, int64(1), refused.Load())
}

func TestNobodyThere(t *testing.T) {
	dir := t.TempDir()
	_, err := daemon.Dial(t.Context(), dir+"/none")
	require.ErrorIs(t, err, store.ErrUnreachable)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = daemon.Dial(ctx, dir+"/none")
	require.ErrorIs(t, err, context.Canceled)
}

// A daemon that was started again is found by the clients of the one before. One that ends lets
// requests come to their end.
func TestRestart(t *testing.T) {
	b := &storetest.Memory{}
	path := filepath.Join(t.TempDir(), "s")
	start := func(b store.Bucket) (stop func()) {
		l, err := daemon.Listen(path, 0o660)
		require.NoError(t, err)
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o660), info.Mode().Perm())
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- daemon.Serve(ctx, l, daemon.Config{Bucket: b}) }()
		return func() { cancel(); require.NoError(t, <-done) }
	}
	stop := start(b)
	_, err := daemon.Listen(path, 0o600)
	require.ErrorIs(t, err, store.ErrLocked)
	c := dial(t, path)
	_, err = c.Put(t.Context(), "a", strings.NewReader("1"), store.Condition{})
	require.NoError(t, err)
	stop()
	_, err = c.Stat(t.Context(), "a")
	require.ErrorIs(t, err, store.ErrUnreachable)

	entered, leave := make(chan struct{}), make(chan struct{})
	stop = start(&storetest.Faulty{Bucket: b, Plan: func(call storetest.Call) storetest.Fault {
		if call.Op != "put" {
			return storetest.Fault{}
		}
		return storetest.Fault{Hook: func(context.Context) { close(entered); <-leave }}
	}})
	_, err = c.Stat(t.Context(), "a")
	require.NoError(t, err)
	put := make(chan error)
	go func() {
		_, err := c.Put(t.Context(), "b", strings.NewReader("2"), store.Condition{})
		put <- err
	}()
	<-entered
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	close(leave)
	require.NoError(t, <-put)
	<-ended
	_, err = b.Stat(t.Context(), "b")
	require.NoError(t, err)
}

// What a killed daemon left is taken away, and nothing else is.
func TestListen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
	require.FileExists(t, path)
	l, err = daemon.Listen(path, 0o600)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o600))
	_, err = daemon.Listen(path, 0o600)
	require.ErrorIs(t, err, store.ErrExists)
	require.FileExists(t, path)
}
