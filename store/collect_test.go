package store_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/store/storetest/model"
)

func TestCollect(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc0")
	s.keep(t, "db", "cde")
	require.Zero(t, s.collect(t).Condemned)
	require.NoError(t, s.Remove(t.Context(), "web", ""))
	dir := t.TempDir()
	var steps []store.Collected
	c, err := s.Collect(t.Context(), store.CollectOptions{Dir: dir, Timing: s.timing, Report: func(c store.Collected) { steps = append(steps, c) }})
	require.NoError(t, err)
	require.EqualValues(t, 2, c.Freed.Objects)
	require.Equal(t, c.Condemned, c.Freed)
	require.EqualValues(t, 3, c.Live.Objects)
	require.Equal(t, 1, c.Maps)
	require.EqualValues(t, 1, c.Epoch)
	require.NotEmpty(t, steps)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.Equal(t, []string{"gc/epoch", "map/db", "store.json"}, append(s.keys(t, "gc/"), append(s.keys(t, "map/"), s.keys(t, "store")...)...))
	content, err := model.Read(s.Store, "db")
	require.NoError(t, err)
	require.Equal(t, "cde", content)
}

func TestCollectCountsWhatIsMissingOrForeign(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	require.NoError(t, s.memory.Delete(t.Context(), blockKey('b')))
	s.damage(t, "blk/00/readme")
	c := s.collect(t)
	require.EqualValues(t, 1, c.Missing)
	require.EqualValues(t, 1, c.Foreign)
	require.EqualValues(t, 2, c.Live.Objects)
}

// state are all keys and versions.
func (s *shelf) state(t *testing.T) map[string]string {
	state := map[string]string{}
	for info, err := range s.memory.List(t.Context(), "") {
		require.NoError(t, err)
		state[info.Key] = info.Version
	}
	return state
}

func TestDryRunWritesNothing(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	require.NoError(t, s.Remove(t.Context(), "web", ""))
	w := s.begin(t)
	before := s.state(t)
	c, err := s.Collect(t.Context(), store.CollectOptions{DryRun: true, Timing: s.timing})
	require.NoError(t, err)
	require.EqualValues(t, 3, c.Condemned.Objects)
	require.Zero(t, c.Freed)
	require.Len(t, c.Waiting, 1)
	require.Equal(t, before, s.state(t))
	require.NoError(t, w.End(t.Context()))
}

// What is condemned is freed by a later run, when the session has ended; and says until when.
func TestCollectGoesOnLater(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	require.NoError(t, s.Remove(t.Context(), "web", ""))
	w := s.begin(t)
	require.NoError(t, model.PutBlocks(w, "a"))
	c := s.collect(t)
	require.EqualValues(t, 3, c.Condemned.Objects)
	require.Zero(t, c.Freed)
	require.Equal(t, "register web", c.Waiting[0].Purpose)
	require.Equal(t, os.Getpid(), c.Waiting[0].PID)
	require.WithinDuration(t, s.clock.Now().Add(4*time.Minute), c.Waiting[0].Until, 0)

	require.NoError(t, register(t, w, "new", "a"))
	require.NoError(t, w.End(t.Context()))
	c = s.collect(t)
	require.EqualValues(t, 2, c.Freed.Objects)
	require.EqualValues(t, 1, c.Rescued.Objects)
	require.Zero(t, c.Condemned)
}

// A run that waits takes what runs out meanwhile.
func TestCollectWaits(t *testing.T) {
	s := newShelf(t)
	w := s.begin(t)
	require.NoError(t, model.PutBlocks(w, "abc"))
	began := s.clock.Now()
	c, err := s.Collect(t.Context(), store.CollectOptions{Wait: time.Hour, Timing: s.timing})
	require.NoError(t, err)
	require.EqualValues(t, 3, c.Freed.Objects)
	require.Greater(t, s.clock.Now().Sub(began), 4*time.Minute)
	require.Empty(t, s.keys(t, "lease/"))
}

func TestCollectorsAreAlone(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	require.NoError(t, s.Remove(t.Context(), "web", ""))
	var second error
	_, err := s.Collect(t.Context(), store.CollectOptions{Timing: s.timing, Report: func(store.Collected) {
		_, second = s.Collect(t.Context(), store.CollectOptions{Timing: s.timing})
	}})
	require.NoError(t, err)
	require.ErrorIs(t, second, store.ErrLocked)
	var locked *store.LockedError
	require.ErrorAs(t, second, &locked)
	require.Equal(t, "collect", locked.Purpose)
}

// A map that cannot be read stops the collection before anything is condemned.
func TestDamagedMapFreesNothing(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	s.keep(t, "db", "cde")
	require.NoError(t, s.Remove(t.Context(), "web", ""))
	s.damage(t, "map/db")
	before := s.keys(t, "")
	_, err := s.Collect(t.Context(), store.CollectOptions{Timing: s.timing})
	var broken *store.MarkError
	require.ErrorAs(t, err, &broken)
	require.Equal(t, "db", broken.Map)
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.Equal(t, before, s.keys(t, ""))
}

// A process that ends at any call of a collection leaves a store that the next run finishes.
func TestCollectIsKilledAnywhere(t *testing.T) {
	for _, fault := range []storetest.Fault{{Kill: true}, {Kill: true, After: storetest.ErrKilled}, {After: store.ErrUnreachable}} {
		for n := 1; ; n++ {
			s := newShelf(t)
			s.keep(t, "web", "abc")
			s.keep(t, "db", "cde")
			require.NoError(t, s.Remove(t.Context(), "web", ""))
			faulty := &storetest.Faulty{Bucket: s.memory}
			victim, err := store.New(t.Context(), faulty, store.Options{})
			require.NoError(t, err)
			writes := 0
			faulty.Plan = func(c storetest.Call) storetest.Fault {
				if c.Op == "put" || c.Op == "delete" {
					if writes++; writes == n {
						return fault
					}
				}
				return storetest.Fault{}
			}
			_, err = victim.Collect(context.Background(), store.CollectOptions{Timing: s.timing})
			content, readErr := model.Read(s.Store, "db")
			require.NoError(t, readErr)
			require.Equal(t, "cde", content)
			s.clock.advance(time.Hour)
			s.collect(t)
			s.collect(t)
			require.Len(t, s.keys(t, "blk/"), 3, "write %d: %v", n, err)
			require.Equal(t, []string{"gc/epoch"}, append(s.keys(t, "gc/"), append(s.keys(t, "lock/"), s.keys(t, "lease/")...)...), "write %d", n)
			if writes < n {
				require.Greater(t, n, 8)
				break
			}
		}
	}
}
