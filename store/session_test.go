package store_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/store/storetest/model"
)

// handClock goes on when it is told to, and when somebody waits: then at once.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func newHandClock() *handClock { return &handClock{now: time.Unix(1e9, 0)} }

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *handClock) After(d time.Duration) <-chan time.Time {
	c.advance(d)
	fired := make(chan time.Time, 1)
	fired <- c.Now()
	return fired
}

// shelf is a store in memory with a clock of its own.
type shelf struct {
	*store.Store
	memory *storetest.Memory
	clock  *handClock
	timing store.Timing
}

func newShelf(t *testing.T) *shelf {
	memory := &storetest.Memory{}
	s, err := store.New(t.Context(), memory, store.Options{Create: true})
	require.NoError(t, err)
	clock := newHandClock()
	return &shelf{s, memory, clock, store.Timing{Clock: clock, Manual: true}}
}

func (s *shelf) begin(t *testing.T) *store.Session {
	w, err := s.Begin(t.Context(), store.SessionOptions{Purpose: "register web", Timing: s.timing})
	require.NoError(t, err)
	return w
}

// register makes a v3 map of a byte for each block.
func register(t *testing.T, w *store.Session, name, content string) error {
	require.NoError(t, model.PutBlocks(w, content))
	body := flat(t, content)
	_, err := w.Publish(t.Context(), name, bytes.NewReader(body), store.Condition{})
	return err
}

func flat(t *testing.T, content string) []byte {
	var body bytes.Buffer
	mw, err := maps.NewWriter(&body, nil, maps.Spec{Shape: maps.Shape{BlockSize: maps.MinBlockSize, Size: model.SizeOf(content)}})
	require.NoError(t, err)
	for i := range len(content) {
		require.NoError(t, mw.Add(t.Context(), uint64(i), model.BlockID(content[i])))
	}
	_, err = mw.Finish(t.Context())
	require.NoError(t, err)
	return body.Bytes()
}

// keep registers a map in a session of its own.
func (s *shelf) keep(t *testing.T, name, content string) {
	w := s.begin(t)
	require.NoError(t, register(t, w, name, content))
	require.NoError(t, w.End(t.Context()))
}

func (s *shelf) keys(t *testing.T, prefix string) []string {
	keys := []string{}
	for info, err := range s.memory.List(t.Context(), prefix) {
		require.NoError(t, err)
		keys = append(keys, info.Key)
	}
	return keys
}

func (s *shelf) collect(t *testing.T) store.Collected {
	c, err := s.Collect(t.Context(), store.CollectOptions{Timing: s.timing})
	require.NoError(t, err)
	return c
}

func blockKey(b byte) string {
	id := model.BlockID(b).String()
	return "blk/" + id[:2] + "/" + id
}

func TestSessionPutsOnce(t *testing.T) {
	s := newShelf(t)
	w := s.begin(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for b := byte('a'); b < 'k'; b++ {
				if err := w.Put(context.Background(), maps.Block, model.BlockID(b), []byte{b}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	c := w.Counts()
	require.EqualValues(t, 10, c.Put)
	require.EqualValues(t, 70, c.Kept)
	require.NoError(t, w.End(t.Context()))

	w = s.begin(t)
	require.NoError(t, w.Put(t.Context(), maps.Block, model.BlockID('a'), []byte("a")))
	has, err := w.Has(t.Context(), maps.Block, model.BlockID('b'))
	require.NoError(t, err)
	require.True(t, has)
	has, err = w.Has(t.Context(), maps.Block, model.BlockID('z'))
	require.NoError(t, err)
	require.False(t, has)
	require.EqualValues(t, store.Counts{Kept: 1, KeptBytes: 1}, w.Counts())
	require.NoError(t, w.End(t.Context()))
	require.Empty(t, s.keys(t, "lease/"))
}

// All who put an object get the error of the one that did, and the next try is a new one.
func TestSessionPutFailsForAll(t *testing.T) {
	memory := &storetest.Memory{}
	arrived := make(chan struct{})
	faulty := &storetest.Faulty{Bucket: memory, Plan: func(c storetest.Call) storetest.Fault {
		if c.Op != "stat" || !strings.HasPrefix(c.Key, "blk/") {
			return storetest.Fault{}
		}
		return storetest.Fault{Hook: func(context.Context) { <-arrived }, Before: store.ErrUnreachable}
	}}
	s, err := store.New(t.Context(), faulty, store.Options{Create: true})
	require.NoError(t, err)
	w, err := s.Begin(t.Context(), store.SessionOptions{})
	require.NoError(t, err)
	errs := make(chan error, 4)
	for range 4 {
		go func() { errs <- w.Put(context.Background(), maps.Block, model.BlockID('a'), []byte("a")) }()
	}
	close(arrived)
	for range 4 {
		require.ErrorIs(t, <-errs, store.ErrUnreachable)
	}
	faulty.Plan = nil
	require.NoError(t, w.Put(t.Context(), maps.Block, model.BlockID('a'), []byte("a")))
	require.EqualValues(t, 1, w.Counts().Put)
	require.NoError(t, w.End(t.Context()))
}

func TestSessionLosesItsLease(t *testing.T) {
	s := newShelf(t)
	w := s.begin(t)
	require.NoError(t, model.PutBlocks(w, "ab"))
	s.clock.advance(2*time.Minute + 1)
	require.ErrorIs(t, w.Put(t.Context(), maps.Block, model.BlockID('c'), []byte("c")), store.ErrLeaseLost)
	_, err := w.Has(t.Context(), maps.Block, model.BlockID('a'))
	require.ErrorIs(t, err, store.ErrLeaseLost)
	_, _, err = w.Base(t.Context(), "web")
	require.ErrorIs(t, err, store.ErrLeaseLost)
	_, err = w.Publish(t.Context(), "web", bytes.NewReader(flat(t, "ab")), store.Condition{Absent: true})
	require.ErrorIs(t, err, store.ErrLeaseLost)
	require.Empty(t, s.keys(t, "map/"))
	require.NoError(t, w.End(t.Context()))
	require.Empty(t, s.keys(t, "lock/"))
}

// A session that works for long renews its lease.
func TestSessionRenews(t *testing.T) {
	s := newShelf(t)
	timing := store.Timing{TTL: 300 * time.Millisecond}
	w, err := s.Begin(t.Context(), store.SessionOptions{Timing: timing})
	require.NoError(t, err)
	lease := s.keys(t, "lease/")[0]
	first, err := s.memory.Stat(t.Context(), lease)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		now, err := s.memory.Stat(t.Context(), lease)
		return err == nil && now.Version != first.Version
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, w.End(t.Context()))
}

// A lease that the collector took is lost, also to a session whose clock stood still.
func TestSessionThatStoodStill(t *testing.T) {
	s := newShelf(t)
	slow := newHandClock()
	w, err := s.Begin(t.Context(), store.SessionOptions{Timing: store.Timing{Clock: slow, Manual: true}})
	require.NoError(t, err)
	require.NoError(t, model.PutBlocks(w, "ab"))
	s.clock.advance(time.Hour)
	require.Equal(t, store.Amount{Objects: 2, Bytes: 10}, withoutBytes(s.collect(t).Freed, 10))
	_, err = w.Publish(t.Context(), "web", bytes.NewReader(flat(t, "ab")), store.Condition{})
	require.ErrorIs(t, err, store.ErrLeaseLost)
	require.Empty(t, s.keys(t, "map/"))
}

// withoutBytes is an amount whose bytes do not matter here, as long as there are some.
func withoutBytes(a store.Amount, bytes int64) store.Amount {
	if a.Bytes > 0 {
		a.Bytes = bytes
	}
	return a
}

func TestBaseIsWhatItWas(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	w := s.begin(t)
	m, info, err := w.Base(t.Context(), "web")
	require.NoError(t, err)
	require.EqualValues(t, 3, m.Blocks())
	require.Equal(t, "web", info.Name)
	_, _, err = w.Base(t.Context(), "db")
	require.ErrorIs(t, err, store.ErrMissing)

	require.NoError(t, w.Remove(t.Context(), "web", info.Version))
	require.ErrorIs(t, w.Remove(t.Context(), "web", ""), store.ErrMissing)
	require.Len(t, s.keys(t, "blk/"), 3)
	require.Len(t, s.collect(t).Waiting, 1)
	require.NoError(t, register(t, w, "new", "abd"))
	require.NoError(t, w.End(t.Context()))
	c := s.collect(t)
	require.EqualValues(t, 1, c.Freed.Objects)
	content, err := model.Read(s.Store, "new")
	require.NoError(t, err)
	require.Equal(t, "abd", content)
}

func TestRemoveOfAnotherVersion(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	_, info, err := s.OpenMap(t.Context(), "web")
	require.NoError(t, err)
	s.keep(t, "web", "abd")
	require.ErrorIs(t, s.Remove(t.Context(), "web", info.Version), store.ErrChanged)
	require.NoError(t, s.Remove(t.Context(), "web", ""))
	require.Empty(t, s.keys(t, "map/"))
}

// While another changes a map, it is waited for, as long as the context says.
func TestPublishWaits(t *testing.T) {
	memory := &storetest.Memory{}
	faulty := &storetest.Faulty{Bucket: memory}
	clock := newHandClock()
	timing := store.Timing{Clock: clock, Manual: true}
	s, err := store.New(t.Context(), faulty, store.Options{Create: true})
	require.NoError(t, err)
	w, err := s.Begin(t.Context(), store.SessionOptions{Timing: timing})
	require.NoError(t, err)
	require.NoError(t, model.PutBlocks(w, "a"))
	faulty.Plan = func(c storetest.Call) storetest.Fault {
		return storetest.Fault{Late: c.Op == "put" && c.Key == "map/web"}
	}
	_, err = w.Publish(t.Context(), "web", bytes.NewReader(flat(t, "a")), store.Condition{})
	require.ErrorIs(t, err, store.ErrUnreachable)
	require.NoError(t, w.End(t.Context()))
	faulty.Plan = nil

	// The request is on its way, and keeps the lock: nobody publishes before it, and nothing that it
	// needs is freed.
	began := clock.Now()
	again, err := s.Begin(t.Context(), store.SessionOptions{Timing: timing})
	require.NoError(t, err)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = again.Publish(stopped, "web", bytes.NewReader(flat(t, "a")), store.Condition{})
	require.Error(t, err)
	c, err := s.Collect(t.Context(), store.CollectOptions{Timing: timing})
	require.NoError(t, err)
	require.Len(t, c.Waiting, 2)
	require.NoError(t, faulty.Release(t.Context()))
	require.NoError(t, again.Remove(t.Context(), "web", ""))
	require.GreaterOrEqual(t, clock.Now().Sub(began), 4*time.Minute)
}

// Whoever changes a map has the lock of its name: what a Remove has looked at is what it deletes.
func TestNameIsLocked(t *testing.T) {
	memory := &storetest.Memory{}
	var locked []string
	faulty := &storetest.Faulty{Bucket: memory, Plan: func(c storetest.Call) storetest.Fault {
		if c.Key != "map/web" || c.Op != "put" && c.Op != "delete" {
			return storetest.Fault{}
		}
		return storetest.Fault{Hook: func(ctx context.Context) {
			if _, err := memory.Stat(ctx, "lock/map/web"); err == nil {
				locked = append(locked, c.Op)
			}
		}}
	}}
	s, err := store.New(t.Context(), faulty, store.Options{Create: true})
	require.NoError(t, err)
	w, err := s.Begin(t.Context(), store.SessionOptions{})
	require.NoError(t, err)
	require.NoError(t, register(t, w, "web", "a"))
	require.NoError(t, s.Remove(t.Context(), "web", ""))
	require.NoError(t, w.End(t.Context()))
	require.Equal(t, []string{"put", "delete"}, locked)
	_, err = memory.Stat(t.Context(), "lock/map/web")
	require.ErrorIs(t, err, store.ErrMissing)
}

func TestEmptyErrorsAreTyped(t *testing.T) {
	s := newShelf(t)
	w := s.begin(t)
	_, err := w.Publish(t.Context(), "../x", bytes.NewReader(nil), store.Condition{})
	require.ErrorIs(t, err, store.ErrName)
	require.ErrorIs(t, w.Remove(t.Context(), "", ""), store.ErrName)
	var e *store.Error
	require.True(t, errors.As(w.Remove(t.Context(), "web", ""), &e))
	require.Equal(t, "map/web", e.Key)
}
