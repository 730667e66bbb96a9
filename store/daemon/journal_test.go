package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/daemon"
	"github.com/rok-storage/rok/store/storetest"
)

func openJournal(t *testing.T, b store.Bucket, o daemon.JournalConfig) *daemon.Journal {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	o.First, o.Longest = time.Millisecond, 5*time.Millisecond
	j, err := daemon.OpenJournal(t.Context(), b, o)
	require.NoError(t, err)
	return j
}

func TestJournalIsABucket(t *testing.T) {
	storetest.TestBucket(t, func(t *testing.T) store.Bucket {
		j := openJournal(t, &storetest.Memory{}, daemon.JournalConfig{})
		t.Cleanup(func() { require.NoError(t, j.Close()) })
		return j
	}, storetest.Caps{InMemory: true, Big: 1 << 20})
}

func TestJournalHasStores(t *testing.T) {
	storetest.TestStore(t, func(t *testing.T) store.Bucket {
		j := openJournal(t, &storetest.Memory{}, daemon.JournalConfig{})
		t.Cleanup(func() { require.NoError(t, j.Close()) })
		return dial(t, serve(t, daemon.Config{Bucket: j, Spool: t.TempDir()}))
	})
}

// away is a bucket above that cannot be reached for puts of blocks and nodes while down is set.
type away struct {
	*storetest.Memory
	down atomic.Bool
}

func (a *away) Put(ctx context.Context, key string, body store.Body, c store.Condition) (store.Info, error) {
	if a.down.Load() && strings.HasPrefix(key, "blk/") {
		return store.Info{}, &store.Error{Op: "put", Address: a.Address(), Key: key, Err: store.ErrUnreachable}
	}
	return a.Memory.Put(ctx, key, body, c)
}

func put(t *testing.T, b store.Bucket, key, content string) error {
	t.Helper()
	_, err := b.Put(t.Context(), key, strings.NewReader(content), store.Condition{})
	return err
}

func content(t *testing.T, b store.Bucket, key string) string {
	t.Helper()
	dst := make([]byte, 100)
	n, info, err := b.Get(t.Context(), key, 0, dst)
	require.NoError(t, err)
	stat, err := b.Stat(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, info.Size, stat.Size)
	return string(dst[:n])
}

// A block is accepted while the bucket is away, and read. Nothing that could name it is stored before it is up;
// leases are.
func TestBarrier(t *testing.T) {
	above := &away{Memory: &storetest.Memory{}}
	above.down.Store(true)
	dir := t.TempDir()
	var failures atomic.Int64
	j := openJournal(t, above, daemon.JournalConfig{Dir: dir, Report: func(string, error) { failures.Add(1) }})
	require.NoError(t, put(t, j, "blk/00/a", "block"))
	require.Equal(t, "block", content(t, j, "blk/00/a"))
	_, err := above.Stat(t.Context(), "blk/00/a")
	require.ErrorIs(t, err, store.ErrMissing)

	require.ErrorIs(t, put(t, j, "map/x", "names it"), store.ErrUnreachable)
	require.ErrorIs(t, j.Delete(t.Context(), "map/y"), store.ErrUnreachable)
	for _, err := range j.List(t.Context(), "blk/") {
		require.ErrorIs(t, err, store.ErrUnreachable)
	}
	_, err = j.Put(t.Context(), "blk/00/a", strings.NewReader("block"), store.Condition{Absent: true})
	require.ErrorIs(t, err, store.ErrUnreachable)
	require.NoError(t, put(t, j, "lease/x", "renewed"))
	require.NoError(t, j.Delete(t.Context(), "lease/x"))
	require.NotZero(t, failures.Load())
	require.Equal(t, 1, j.State().Objects)

	// Another process may not have it at once.
	_, err = daemon.OpenJournal(t.Context(), above, daemon.JournalConfig{Dir: dir})
	require.ErrorIs(t, err, store.ErrLocked)
	require.NoError(t, j.Close())
	// And nobody brings it to another bucket.
	other, err := store.NewDir(t.TempDir(), store.DirOptions{})
	require.NoError(t, err)
	defer other.Close()
	_, err = daemon.OpenJournal(t.Context(), other, daemon.JournalConfig{Dir: dir})
	require.ErrorIs(t, err, store.ErrSettings)

	above.down.Store(false)
	j = openJournal(t, above, daemon.JournalConfig{Dir: dir})
	require.Equal(t, 1, j.State().Replayed)
	require.NoError(t, put(t, j, "map/x", "names it"))
	require.Equal(t, "block", content(t, above.Memory, "blk/00/a"))
	require.Zero(t, j.State().Objects)
	require.NoError(t, j.Close())
	j, err = daemon.OpenJournal(t.Context(), other, daemon.JournalConfig{Dir: dir}) // it is empty
	require.NoError(t, err)
	require.NoError(t, j.Close())
}

// A journal that is full has puts wait; one that nothing can leave says why.
func TestJournalIsFull(t *testing.T) {
	above := &away{Memory: &storetest.Memory{}}
	above.down.Store(true)
	j := openJournal(t, above, daemon.JournalConfig{Size: 10})
	require.NoError(t, put(t, j, "blk/00/a", "01234567"))
	require.ErrorIs(t, put(t, j, "blk/00/b", "01234567"), store.ErrUnreachable)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	_, err := j.Put(ctx, "blk/00/b", strings.NewReader("01234567"), store.Condition{})
	require.Error(t, err)
	above.down.Store(false)
	require.NoError(t, j.Barrier(t.Context()))
	for i := range 20 {
		require.NoError(t, put(t, j, fmt.Sprintf("blk/00/%d", i), "01234567"))
		require.LessOrEqual(t, j.State().Bytes, int64(10))
	}
	require.NoError(t, put(t, j, "blk/00/large", "01234567890"))
	require.Equal(t, "01234567890", content(t, above.Memory, "blk/00/large"))
	require.NoError(t, j.Barrier(t.Context()))
	require.Equal(t, "01234567", content(t, above.Memory, "blk/00/19"))
	require.NoError(t, j.Close())
}

// What is no whole object was never accepted: it is told, passed over, and in nobody's way.
func TestJournalIsTorn(t *testing.T) {
	above := &away{Memory: &storetest.Memory{}}
	above.down.Store(true)
	dir := t.TempDir()
	j := openJournal(t, above, daemon.JournalConfig{Dir: dir})
	for _, name := range []string{"a", "b"} {
		require.NoError(t, put(t, j, "blk/00/"+name, strings.Repeat(name, 50)))
	}
	require.NoError(t, j.Close())
	torn := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		text, _ := os.ReadFile(path)
		if strings.HasPrefix(string(text), "aaa") {
			torn++
			require.NoError(t, os.Truncate(path, 30))
		}
		return err
	}))
	require.Equal(t, 1, torn)
	above.down.Store(false)
	var told []string
	j = openJournal(t, above, daemon.JournalConfig{Dir: dir, Report: func(key string, err error) {
		require.ErrorIs(t, err, store.ErrCorrupt)
		told = append(told, key)
	}})
	require.Equal(t, []string{"blk/00/a"}, told)
	require.Equal(t, 1, j.State().Damaged)
	require.NoError(t, j.Barrier(t.Context()))
	require.Equal(t, strings.Repeat("b", 50), content(t, j, "blk/00/b"))
	_, err := j.Stat(t.Context(), "blk/00/a")
	require.ErrorIs(t, err, store.ErrMissing)
	require.NoError(t, put(t, j, "blk/00/a", "anew"))
	require.NoError(t, j.Barrier(t.Context()))
	require.Equal(t, "anew", content(t, above.Memory, "blk/00/a"))
	require.NoError(t, j.Close())
}
