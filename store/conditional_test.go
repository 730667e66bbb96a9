package store_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/store/storetest/model"
)

// silent is a bucket that does not say whether it keeps conditions.
type silent struct{ store.Bucket }

// A bucket that does not keep conditions is read, and nothing is changed in it, whether it says so or has to be asked.
func TestUnconditional(t *testing.T) {
	for name, wrap := range map[string]func(*storetest.Memory) store.Bucket{
		"says so": func(m *storetest.Memory) store.Bucket { return m },
		"silent":  func(m *storetest.Memory) store.Bucket { return silent{m} },
	} {
		t.Run(name, func(t *testing.T) {
			var none *store.UnconditionalError
			_, err := store.New(t.Context(), wrap(&storetest.Memory{Unconditional: true}), store.Options{Create: true})
			require.ErrorAs(t, err, &none)

			s := newShelf(t)
			s.keep(t, "web", "abc")
			keys := s.keys(t, "")
			s.memory.Unconditional = true
			there, err := store.New(t.Context(), wrap(s.memory), store.Options{Create: true})
			require.NoError(t, err)
			content, err := model.Read(there, "web")
			require.NoError(t, err)
			require.Equal(t, "abc", content)
			_, err = there.Collect(t.Context(), store.CollectOptions{DryRun: true})
			require.NoError(t, err)

			_, err = there.Begin(t.Context(), store.SessionOptions{})
			require.ErrorAs(t, err, &none)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			require.True(t, none.Refused())
			require.ErrorAs(t, there.Remove(t.Context(), "web", ""), &none)
			_, err = there.Collect(t.Context(), store.CollectOptions{})
			require.ErrorAs(t, err, &none)
			require.Equal(t, keys, s.keys(t, ""))
		})
	}
}

// A bucket that keeps conditions and does not say so, is asked once, and nothing stays of that.
func TestConditionsProbed(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	faulty := &storetest.Faulty{Bucket: s.memory}
	there, err := store.New(t.Context(), silent{faulty}, store.Options{})
	require.NoError(t, err)
	probes := 0
	faulty.Plan = func(c storetest.Call) storetest.Fault {
		if c.Op == "put" && c.Key[:6] == "probe/" {
			probes++
			if probes == 1 {
				return storetest.Fault{Before: store.ErrUnreachable}
			}
		}
		return storetest.Fault{}
	}
	_, err = there.Begin(t.Context(), store.SessionOptions{Timing: s.timing})
	require.ErrorIs(t, err, store.ErrUnreachable)
	for range 2 {
		w, err := there.Begin(t.Context(), store.SessionOptions{Timing: s.timing})
		require.NoError(t, err)
		require.NoError(t, w.End(t.Context()))
	}
	require.Equal(t, 1+4, probes)
	require.Empty(t, s.keys(t, "probe/"))
}

// Where versions come of contents, conditions are kept too.
func TestConditionsProbedBySums(t *testing.T) {
	s, err := store.New(t.Context(), silent{&storetest.Memory{Sums: true}}, store.Options{Create: true})
	require.NoError(t, err)
	w, err := s.Begin(t.Context(), store.SessionOptions{})
	require.NoError(t, err)
	require.NoError(t, w.End(t.Context()))
}

// What a killed program has put to find out, goes with a collection.
func TestProbesAreCollected(t *testing.T) {
	s := newShelf(t)
	s.memory.Now = s.clock.Now
	_, err := s.memory.Put(t.Context(), "probe/x", io.NewSectionReader(nil, 0, 0), store.Condition{})
	require.NoError(t, err)
	s.collect(t)
	require.Len(t, s.keys(t, "probe/"), 1, "somebody may be about it")
	s.clock.advance(time.Hour)
	s.collect(t)
	require.Empty(t, s.keys(t, "probe/"))
}
