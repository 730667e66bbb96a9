package daemon_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/storetest"
)

// serve serves a bucket until the test ends, and returns the path of the socket.
func serve(t *testing.T, c daemon.Config) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- daemon.Serve(ctx, l, c) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return path
}

func dial(t *testing.T, path string) *daemon.Client {
	t.Helper()
	c, err := daemon.Dial(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func again(t *testing.T, b store.Bucket) store.Bucket {
	a, err := store.ParseAddress(b.Address())
	require.NoError(t, err)
	return dial(t, a.Path)
}

func TestStoreBehindADaemon(t *testing.T) {
	storetest.TestStore(t, func(t *testing.T) store.Bucket {
		return dial(t, serve(t, daemon.Config{Bucket: &storetest.Memory{}, Spool: t.TempDir()}))
	})
}

func TestClientIsABucket(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		storetest.TestBucket(t, func(t *testing.T) store.Bucket {
			return dial(t, serve(t, daemon.Config{Bucket: &storetest.Memory{}, Spool: t.TempDir()}))
		}, storetest.Caps{Again: again, InMemory: true})
	})
	t.Run("dir", func(t *testing.T) {
		storetest.TestBucket(t, func(t *testing.T) store.Bucket {
			d, err := store.NewDir(t.TempDir(), store.DirOptions{})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, d.Close()) })
			return dial(t, serve(t, daemon.Config{Bucket: d, Spool: t.TempDir()}))
		}, storetest.Caps{Again: again})
	})
}
