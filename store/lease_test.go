package store_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/store/storetest/model"
)

// at has something happen before the n-th call of that kind.
func at(op, prefix string, n int, do func(context.Context)) func(storetest.Call) storetest.Fault {
	return func(c storetest.Call) storetest.Fault {
		if c.Op == op && strings.HasPrefix(c.Key, prefix) {
			if n--; n == 0 {
				return storetest.Fault{Hook: do}
			}
		}
		return storetest.Fault{}
	}
}

// through is another client of the shelf's bucket, and its calls.
func (s *shelf) through(t *testing.T) (*store.Store, *storetest.Faulty) {
	faulty := &storetest.Faulty{Bucket: s.memory}
	st, err := store.New(t.Context(), faulty, store.Options{})
	require.NoError(t, err)
	return st, faulty
}

// A collector that looked for leases before a session's was there, does not wait for it: what it is about to delete, the session
// must not count on.
func TestSessionBeginsBehindACollector(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "old", "abc")
	require.NoError(t, s.Remove(t.Context(), "old", ""))
	slow, slowCalls := s.through(t)
	deletes, published, collected := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	slowCalls.Plan = at("delete", "blk/", 1, func(context.Context) { close(deletes); <-published })

	st, calls := s.through(t)
	calls.Plan = at("put", "lease/", 1, func(ctx context.Context) {
		go func() {
			_, err := slow.Collect(context.Background(), store.CollectOptions{Timing: s.timing})
			collected <- err
		}()
		<-deletes
	})
	w, err := st.Begin(t.Context(), store.SessionOptions{Timing: s.timing})
	require.NoError(t, err)
	require.NoError(t, register(t, w, "web", "abc"))
	close(published)
	require.NoError(t, <-collected)
	content, err := model.Read(s.Store, "web")
	require.NoError(t, err)
	require.Equal(t, "abc", content)
	require.NoError(t, w.End(t.Context()))
}

// A lease that is about to run out lasts longer than the put of a map that takes its time.
func TestPublishRenews(t *testing.T) {
	s := newShelf(t)
	st, calls := s.through(t)
	w, err := st.Begin(t.Context(), store.SessionOptions{Timing: s.timing})
	require.NoError(t, err)
	require.NoError(t, model.PutBlocks(w, "abc"))
	s.clock.advance(2*time.Minute - time.Second)
	calls.Plan = at("put", "map/", 1, func(context.Context) {
		s.clock.advance(150 * time.Second)
		c, err := s.Collect(context.Background(), store.CollectOptions{Timing: s.timing})
		if err != nil || c.Freed.Objects > 0 {
			t.Errorf("%+v, %v", c, err)
		}
	})
	_, err = w.Publish(t.Context(), "web", bytes.NewReader(flat(t, "abc")), store.Condition{Absent: true})
	require.NoError(t, err)
	content, err := model.Read(s.Store, "web")
	require.NoError(t, err)
	require.Equal(t, "abc", content)
}

// A renewal that took so long that only little is left is followed by another.
func TestPublishRenewsAgain(t *testing.T) {
	s := newShelf(t)
	st, calls := s.through(t)
	w, err := st.Begin(t.Context(), store.SessionOptions{Timing: s.timing})
	require.NoError(t, err)
	require.NoError(t, model.PutBlocks(w, "abc"))
	renewals := 0
	calls.Plan = func(c storetest.Call) storetest.Fault {
		if c.Op == "put" && strings.HasPrefix(c.Key, "lease/") {
			if renewals++; renewals == 1 {
				return storetest.Fault{Hook: func(context.Context) { s.clock.advance(90 * time.Second) }}
			}
		}
		return storetest.Fault{}
	}
	_, err = w.Publish(t.Context(), "web", bytes.NewReader(flat(t, "abc")), store.Condition{Absent: true})
	require.NoError(t, err)
	require.Equal(t, 2, renewals)
}

// A renewal that comes when the lease was taken, brings it not back.
func TestRenewalOfATakenLease(t *testing.T) {
	s := newShelf(t)
	st, calls := s.through(t)
	w, err := st.Begin(t.Context(), store.SessionOptions{Timing: s.timing})
	require.NoError(t, err)
	require.NoError(t, model.PutBlocks(w, "abc"))
	calls.Plan = at("put", "lease/", 1, func(context.Context) {
		s.clock.advance(5 * time.Minute)
		if c, err := s.Collect(context.Background(), store.CollectOptions{Timing: s.timing}); err != nil || c.Freed.Objects != 3 {
			t.Errorf("%+v, %v", c, err)
		}
	})
	_, err = w.Publish(t.Context(), "web", bytes.NewReader(flat(t, "abc")), store.Condition{Absent: true})
	require.ErrorIs(t, err, store.ErrLeaseLost)
	require.Empty(t, s.keys(t, "map/"))
	require.Empty(t, s.keys(t, "lease/"))
}
