package s3test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
)

// suite is what every server must let a bucket do.
func suite(t *testing.T, b store.Bucket) {
	t.Run("put and get", func(t *testing.T) { putAndGet(t, b) })
	t.Run("conditions", func(t *testing.T) { conditions(t, b) })
	t.Run("one writer wins", func(t *testing.T) { oneWins(t, b) })
	t.Run("list", func(t *testing.T) { list(t, b) })
	t.Run("missing", func(t *testing.T) { missing(t, b) })
}

func put(t *testing.T, b store.Bucket, key, text string, c store.Condition) store.Info {
	info, err := b.Put(t.Context(), key, strings.NewReader(text), c)
	require.NoError(t, err)
	return info
}

func get(t *testing.T, b store.Bucket, key string) string {
	info, err := b.Stat(t.Context(), key)
	require.NoError(t, err)
	data := make([]byte, info.Size+10)
	n, _, err := b.Get(t.Context(), key, 0, data)
	require.NoError(t, err)
	return string(data[:n])
}

func keys(t *testing.T, list iter.Seq2[store.Info, error]) (found []string) {
	for info, err := range list {
		require.NoError(t, err)
		found = append(found, info.Key)
	}
	return found
}

func putAndGet(t *testing.T, b store.Bucket) {
	for _, size := range []int{0, 1, 4096, 5<<20 + 1, 17 << 20} {
		text := strings.Repeat("rok!", size/4+1)[:size]
		key := fmt.Sprintf("blk/00/%d", size)
		info := put(t, b, key, text, store.Condition{})
		require.Equal(t, int64(size), info.Size)
		require.NotEmpty(t, info.Version)
		require.False(t, info.Modified.IsZero())
		stat, err := b.Stat(t.Context(), key)
		require.NoError(t, err)
		require.Equal(t, info.Version, stat.Version)
		require.Equal(t, info.Size, stat.Size)
		require.True(t, text == get(t, b, key))
		for _, off := range []int64{0, 1, int64(size) / 2, int64(size) - 1, int64(size), int64(size) + 100} {
			if off < 0 {
				continue
			}
			dst := make([]byte, 7)
			n, got, err := b.Get(t.Context(), key, off, dst)
			require.NoError(t, err, "%d at %d", size, off)
			require.Equal(t, text[min(off, int64(size)):min(off+7, int64(size))], string(dst[:n]))
			require.Equal(t, int64(size), got.Size)
			require.Equal(t, info.Version, got.Version)
		}
	}
	for _, key := range []string{"map/with blank", "map/ünï/€", "map/a+b%2f&c=d?e#f", "map/" + strings.Repeat("x", 200)} {
		put(t, b, key, key, store.Condition{})
		require.Equal(t, key, get(t, b, key))
		require.Equal(t, []string{key}, keys(t, b.List(t.Context(), key)))
		require.NoError(t, b.Delete(t.Context(), key))
	}
}

func conditions(t *testing.T, b store.Bucket) {
	absent := store.Condition{Absent: true}
	first := put(t, b, "map/c", "one", absent)
	_, err := b.Put(t.Context(), "map/c", strings.NewReader("two"), absent)
	require.ErrorIs(t, err, store.ErrExists)
	second := put(t, b, "map/c", "three", store.Condition{Version: first.Version})
	require.NotEqual(t, first.Version, second.Version)
	_, err = b.Put(t.Context(), "map/c", strings.NewReader("four"), store.Condition{Version: first.Version})
	require.ErrorIs(t, err, store.ErrChanged)
	_, err = b.Put(t.Context(), "map/missing", strings.NewReader("x"), store.Condition{Version: first.Version})
	require.ErrorIs(t, err, store.ErrChanged)
	require.Equal(t, "three", get(t, b, "map/c"))
	require.NoError(t, b.Delete(t.Context(), "map/c"))
	put(t, b, "map/c", "again", absent)
	require.NoError(t, b.Delete(t.Context(), "map/c"))
	require.Empty(t, keys(t, b.List(t.Context(), "probe/")))
}

func oneWins(t *testing.T, b store.Bucket) {
	var group sync.WaitGroup
	var mu sync.Mutex
	var won []string
	for i := range 8 {
		group.Go(func() {
			text := fmt.Sprint("writer ", i)
			_, err := b.Put(t.Context(), "lock/x", strings.NewReader(text), store.Condition{Absent: true})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, text)
			} else if !errors.Is(err, store.ErrExists) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Len(t, won, 1)
	require.Equal(t, won[0], get(t, b, "lock/x"))
	require.NoError(t, b.Delete(t.Context(), "lock/x"))
}

func list(t *testing.T, b store.Bucket) {
	var want []string
	for i := range 2100 {
		want = append(want, fmt.Sprintf("node/%02x/%d", i%7, i))
	}
	// versitygw has directories: no object there has a name that is also the beginning of
	// another's path. TestDeleteVersions has such.
	want = append(want, "node/a-b", "node/a/b", "node/a.b", "node/a/c/d", "node/a0")
	work := make(chan string)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for key := range work {
				if _, err := b.Put(t.Context(), key, bytes.NewReader([]byte(key)), store.Condition{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, key := range want {
		work <- key
	}
	close(work)
	group.Wait()
	slices.Sort(want)
	require.Equal(t, want, keys(t, b.List(t.Context(), "node/")))
	for info, err := range b.List(t.Context(), "node/00/") { // an early end
		require.NoError(t, err)
		require.Equal(t, "node/00/0", info.Key)
		require.Equal(t, int64(len(info.Key)), info.Size)
		require.False(t, info.Modified.IsZero())
		break
	}
	require.NoError(t, b.Delete(t.Context(), want[:2050]...))
	require.Equal(t, want[2050:], keys(t, b.List(t.Context(), "node/")))
	require.NoError(t, b.Delete(t.Context(), want...)) // most are missing
	require.Empty(t, keys(t, b.List(t.Context(), "node/")))
}

func missing(t *testing.T, b store.Bucket) {
	_, _, err := b.Get(t.Context(), "blk/no", 0, make([]byte, 1))
	require.ErrorIs(t, err, store.ErrMissing)
	_, err = b.Stat(t.Context(), "blk/no")
	require.ErrorIs(t, err, store.ErrMissing)
	require.NoError(t, b.Delete(t.Context(), "blk/no"))
	require.NoError(t, b.Delete(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.Stat(ctx, "blk/no")
	require.ErrorIs(t, err, context.Canceled)
	_, err = b.Put(t.Context(), "blk/bad", badBody{}, store.Condition{})
	require.ErrorIs(t, err, io.ErrNoProgress)
}

// badBody cannot be read.
type badBody struct{}

func (badBody) Size() int64                       { return 10 }
func (badBody) ReadAt([]byte, int64) (int, error) { return 0, io.ErrNoProgress }
