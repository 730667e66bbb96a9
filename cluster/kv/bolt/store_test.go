package bolt_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/bolt"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
	"github.com/rok-storage/rok/cluster/kv/rules"
)

// clock is one that is set by hand.
type clock struct {
	mu  sync.Mutex
	now rules.Instant
}

func (c *clock) read() (rules.Instant, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now, nil
}

func (c *clock) set(f func(*rules.Instant)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.now)
}

func (c *clock) pass(d time.Duration) { c.set(func(i *rules.Instant) { i.At += d }) }

func path(t *testing.T) string { return filepath.Join(t.TempDir(), "cluster.db") }

func put(t *testing.T, s kv.Store, key, value string) kv.Result {
	t.Helper()
	r, err := s.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put(key, []byte(value))}})
	require.NoError(t, err)
	return r
}

func TestStore(t *testing.T) {
	const history = 100
	p, c := path(t), &clock{}
	kvtest.Test(t, func(t *testing.T) kvtest.Target {
		open := func() kv.Store { return bolt.Open(p, bolt.Options{History: history, Clock: c.read}) }
		return kvtest.Target{Store: open(), Other: open(), Pass: c.pass, Compact: func(t *testing.T, revision int64) {
			for put(t, open(), "/other", "").Revision <= revision+history {
			}
		}}
	})
}

func TestNewStore(t *testing.T) {
	p := path(t)
	s := bolt.Open(p, bolt.Options{})
	l, err := s.List(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, kv.Snapshot{}, l, "one that is not there is empty")
	require.NoFileExists(t, p, "reading makes none")
	_, err = s.Txn(t.Context(), kv.Txn{If: []kv.Compare{{Key: "a"}}, Then: []kv.Op{kv.Get("a")}})
	require.NoError(t, err)
	require.NoFileExists(t, p)
	require.EqualValues(t, 1, put(t, s, "a", "1").Revision)
	info, err := os.Stat(p)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	files, err := os.ReadDir(filepath.Dir(p))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing beside it")
}

func TestMakeDir(t *testing.T) {
	p := filepath.Join(t.TempDir(), "a/b/cluster.db")
	_, err := bolt.Open(p, bolt.Options{}).Grant(t.Context(), time.Second)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, filepath.Dir(p))
	put(t, bolt.Open(p, bolt.Options{MakeDir: true}), "a", "1")
}

// Several make the store at once, over what one that was killed left.
func TestCreateAtOnce(t *testing.T) {
	p := path(t)
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(p), ".cluster.db.new"), []byte("torn"), 0o600))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := bolt.Open(p, bolt.Options{}).Txn(context.Background(), kv.Txn{Then: []kv.Op{kv.Put("a", nil)}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	l, err := bolt.Open(p, bolt.Options{}).List(t.Context(), "")
	require.NoError(t, err)
	require.EqualValues(t, 8, l.Revision)
	files, err := os.ReadDir(filepath.Dir(p))
	require.NoError(t, err)
	require.Len(t, files, 1)
}

func TestHistoryIsBounded(t *testing.T) {
	p := path(t)
	s := bolt.Open(p, bolt.Options{})
	value := string(make([]byte, 1<<20))
	for range 24 {
		put(t, s, "a", value)
	}
	info, err := os.Stat(p)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(64<<20))
	for _, err := range s.Watch(t.Context(), "", 0) {
		require.ErrorIs(t, err, kv.ErrCompacted)
	}
	for events, err := range s.Watch(t.Context(), "", 22) {
		require.NoError(t, err)
		require.EqualValues(t, 23, events[0].Modified)
		break
	}
}
