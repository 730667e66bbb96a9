package daemon_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/storetest"
)

func openCache(t *testing.T, b store.Bucket, dir string, most int64) *daemon.Cache {
	t.Helper()
	c, err := daemon.OpenCache(b, dir, most)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestCacheIsABucket(t *testing.T) {
	storetest.TestBucket(t, func(t *testing.T) store.Bucket {
		return openCache(t, &storetest.Memory{}, t.TempDir(), 1<<20)
	}, storetest.Caps{InMemory: true, Big: 1 << 20})
}

func TestCacheHasStores(t *testing.T) {
	storetest.TestStore(t, func(t *testing.T) store.Bucket { return openCache(t, &storetest.Memory{}, t.TempDir(), 1<<20) })
}

// gets counts what comes through to the bucket.
type gets struct {
	*storetest.Memory
	n int
}

func (g *gets) Get(ctx context.Context, key string, off int64, dst []byte) (int, store.Info, error) {
	g.n++
	return g.Memory.Get(ctx, key, off, dst)
}

// What was read whole is not read again, also by the next daemon, until it is changed.
func TestCacheHits(t *testing.T) {
	b := &gets{Memory: &storetest.Memory{}}
	dir := t.TempDir()
	c := openCache(t, b, dir, 1<<20)
	require.NoError(t, put(t, c, "blk/00/a", "0123456789"))
	require.NoError(t, put(t, c, "map/x", "x"))
	dst := make([]byte, 3)
	_, _, err := c.Get(t.Context(), "blk/00/a", 2, dst) // a part is not kept
	require.NoError(t, err)
	for range 3 {
		require.Equal(t, "0123456789", content(t, c, "blk/00/a"))
		require.Equal(t, "x", content(t, c, "map/x"))
	}
	require.Equal(t, 1+1+3, b.n)
	_, err = daemon.OpenCache(b, dir, 1<<20)
	require.ErrorIs(t, err, store.ErrLocked)
	require.NoError(t, c.Close())
	c = openCache(t, b, dir, 1<<20)
	n, info, err := c.Get(t.Context(), "blk/00/a", 8, dst)
	require.NoError(t, err)
	require.Equal(t, "89", string(dst[:n]))
	stat, err := b.Stat(t.Context(), "blk/00/a")
	require.NoError(t, err)
	require.True(t, stat.Modified.Equal(info.Modified))
	stat.Modified = info.Modified
	require.Equal(t, stat, info)
	require.Equal(t, 5, b.n)
	require.NoError(t, put(t, c, "blk/00/a", "new"))
	require.Equal(t, "new", content(t, c, "blk/00/a"))
	require.NoError(t, c.Delete(t.Context(), "blk/00/a"))
	_, _, err = c.Get(t.Context(), "blk/00/a", 0, dst)
	require.ErrorIs(t, err, store.ErrMissing)
	require.Zero(t, c.State().Objects)
	require.Zero(t, c.State().Bytes)
}

// A cache is never larger than it may be; what was read last stays.
func TestCacheSize(t *testing.T) {
	b := &gets{Memory: &storetest.Memory{}}
	dir := t.TempDir()
	c := openCache(t, b, dir, 2000)
	long := strings.Repeat("x", 90)
	for _, name := range strings.Split("abcdefghijklmnopqrst", "") {
		require.NoError(t, put(t, b, "blk/00/"+name, long))
		content(t, c, "blk/00/"+name)
		content(t, c, "blk/00/a")
		require.LessOrEqual(t, c.State().Bytes, int64(2000))
	}
	before := b.n
	content(t, c, "blk/00/a")
	require.Equal(t, before, b.n)
	content(t, c, "blk/00/b")
	require.Equal(t, before+1, b.n)
	var size int64
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		info, err := f.Info()
		require.NoError(t, err)
		size += info.Size()
	}
	require.Equal(t, c.State().Bytes, size)
	require.NoError(t, c.Close())
	smaller := openCache(t, b, dir, size/2).State()
	require.LessOrEqual(t, smaller.Bytes, size/2)
	require.NotZero(t, smaller.Objects)
}

// A copy that was damaged is not believed.
func TestCacheIsTorn(t *testing.T) {
	for _, damage := range []func(string) error{
		func(path string) error { return os.Truncate(path, 20) },
		func(path string) error { return os.Truncate(path, 0) },
		func(path string) error { return os.Remove(path) },
		func(path string) error {
			text, err := os.ReadFile(path)
			text[len(text)-1] ^= 1
			return errors.Join(err, os.WriteFile(path, text, 0o600))
		},
	} {
		b := &gets{Memory: &storetest.Memory{}}
		dir := t.TempDir()
		c := openCache(t, b, dir, 1<<20)
		require.NoError(t, put(t, c, "node/00/a", "content"))
		content(t, c, "node/00/a")
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, files, 2) // and the lock
		require.NoError(t, damage(filepath.Join(dir, files[0].Name())))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tmp-1"), []byte("half"), 0o600))
		require.NoError(t, c.Close())
		c = openCache(t, b, dir, 1<<20)
		require.NoFileExists(t, filepath.Join(dir, "tmp-1"))
		for range 2 {
			require.Equal(t, "content", content(t, c, "node/00/a"))
		}
		require.Equal(t, 2, b.n)
	}
}
