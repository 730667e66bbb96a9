package kvtest

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
)

// watch collects transactions' events until there are n, and without what was before.
func (s *suite) watch(t *testing.T, store kv.Store, prefix string, after int64, n int) [][]kv.Event {
	t.Helper()
	var got [][]kv.Event
	for events, err := range store.Watch(limited(t), prefix, after) {
		require.NoError(t, err)
		require.NotEmpty(t, events)
		for _, e := range events {
			require.Equal(t, events[0].Modified, e.Modified, "one transaction's")
		}
		if got = append(got, withoutPrevious(events)); len(got) == n {
			return got
		}
	}
	t.Fatalf("a watch ended after %d changes of %d", len(got), n)
	return nil
}

func withoutPrevious(events []kv.Event) []kv.Event {
	events = slices.Clone(events)
	for i := range events {
		events[i].Previous = nil
	}
	slices.SortFunc(events, func(a, b kv.Event) int { return cmp.Compare(a.Key, b.Key) })
	return events
}

func put(key, value string, created, modified int64) kv.Event {
	return kv.Event{Entry: kv.Entry{Key: key, Value: []byte(value), Created: created, Modified: modified}}
}

func testWatch(t *testing.T, s *suite) {
	a, b := s.prefix+"a", s.prefix+"b"
	zero := s.do(t, kv.Put(a, []byte("0"))).Revision
	one := s.do(t, kv.Put(a, []byte("1")), kv.Put(b, []byte("1")), kv.Put("/kvtest/other", nil)).Revision
	two := s.do(t, kv.Delete(a), kv.Put(b, []byte("2"))).Revision
	s.do(t, kv.Put("/kvtest/other", nil))
	want := [][]kv.Event{
		{put(a, "1", zero, one), put(b, "1", one, one)},
		{{Entry: kv.Entry{Key: a, Modified: two}, Deleted: true}, put(b, "2", one, two)},
	}
	require.Equal(t, want, s.watch(t, s.Other, s.prefix, zero, 2))
	require.Equal(t, want[1:], s.watch(t, s.Other, s.prefix, one, 1), "from the revision after on")
	require.Equal(t, [][]kv.Event{want[0][:1], want[1][:1]}, s.watch(t, s.Other, a, zero, 2))
	for events, err := range s.Other.Watch(limited(t), s.prefix, zero) {
		require.NoError(t, err)
		for _, e := range events {
			require.Contains(t, []string{"", "0", "1"}, string(e.Previous), "where it is told")
		}
		if events[0].Modified == two {
			break
		}
	}
}

// A watch tells of what comes after it began, and ends with its context.
func testWatchGoesOn(t *testing.T, s *suite) {
	a := s.prefix + "a"
	after := s.do(t, kv.Put(a, nil)).Revision
	ctx, cancel := context.WithCancel(limited(t))
	got := make(chan kv.Event, 10)
	ended := make(chan error, 1)
	go func() {
		for events, err := range s.Other.Watch(ctx, s.prefix, after) {
			if err != nil {
				ended <- err
				return
			}
			for _, e := range events {
				got <- e
			}
		}
		ended <- nil
	}()
	for i := range 3 {
		r := s.do(t, kv.Put(a, []byte(strconv.Itoa(i))))
		select {
		case e := <-got:
			require.Equal(t, r.Revision, e.Modified)
			require.Equal(t, strconv.Itoa(i), string(e.Value))
		case err := <-ended:
			t.Fatalf("ended: %v", err)
		}
	}
	cancel()
	require.NoError(t, <-ended)
	require.Empty(t, got)
}

func testWatchManyChanges(t *testing.T, s *suite) {
	const n = 50
	after := s.list(t, s.prefix).Revision
	var want []int64
	go func() {
		for i := range n {
			if _, err := s.Store.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.Put(s.prefix+"a", []byte(strconv.Itoa(i)))}}); err != nil {
				t.Error(err)
			}
		}
	}()
	var values []string
	for _, events := range s.watch(t, s.Other, s.prefix, after, n) {
		values = append(values, string(events[0].Value))
		want = append(want, events[0].Modified)
	}
	for i, v := range values {
		require.Equal(t, strconv.Itoa(i), v)
		require.Equal(t, after+1+int64(i), want[i])
	}
}

// The end of a lease is told, also where nobody else uses the store.
func testWatchLease(t *testing.T, s *suite) {
	a := s.prefix + "a"
	lease := s.grant(t, ttl)
	r := s.do(t, kv.PutLeased(a, nil, lease))
	got := make(chan []kv.Event, 1)
	go func() {
		for events, err := range s.Other.Watch(limited(t), s.prefix, r.Revision) {
			if err == nil {
				got <- events
			}
			break
		}
		close(got)
	}()
	for range 10 {
		s.Pass(ttl / 4)
	}
	require.Equal(t, []kv.Event{{Entry: kv.Entry{Key: a, Modified: r.Revision + 1}, Deleted: true}}, withoutPrevious(<-got))
}

func testWatchCompacted(t *testing.T, s *suite) {
	if s.Compact == nil {
		t.Skip("this store forgets in its own time")
	}
	a := s.prefix + "a"
	zero := s.do(t, kv.Put(a, []byte("0"))).Revision
	s.do(t, kv.Put(a, []byte("1")))
	two := s.do(t, kv.Put(a, []byte("2"))).Revision
	s.Compact(t, two)
	var last error
	for events, err := range s.Other.Watch(limited(t), s.prefix, zero) {
		require.Empty(t, events)
		require.NoError(t, last, "an error is the last that comes")
		last = err
	}
	require.ErrorIs(t, last, kv.ErrCompacted)
	now := s.list(t, s.prefix).Revision
	three := s.do(t, kv.Put(a, []byte("3"))).Revision
	require.Equal(t, [][]kv.Event{{put(a, "3", zero, three)}}, s.watch(t, s.Other, s.prefix, now, 1))
}
