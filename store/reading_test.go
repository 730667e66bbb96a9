package store_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// What is gone is damage while the map is as it was opened, and no longer.
func TestReading(t *testing.T) {
	s, id := newShelf(t), maps.SHA256.Sum([]byte("a"))
	w := s.begin(t)
	require.NoError(t, register(t, w, "web", "ab"))
	require.NoError(t, w.End(t.Context()))
	_, info, err := s.OpenMap(t.Context(), "web")
	require.NoError(t, err)
	faulty := &storetest.Faulty{Bucket: s.memory}
	st, err := store.New(t.Context(), faulty, store.Options{})
	require.NoError(t, err)
	get := func() error {
		_, err := st.Reading(info).Get(t.Context(), maps.Block, id, make([]byte, maps.MinBlockSize))
		return err
	}
	require.NoError(t, get())
	key := "blk/" + id.String()[:2] + "/" + id.String()
	s.damage(t, key)
	require.ErrorIs(t, get(), store.ErrCorrupt)
	require.NoError(t, s.memory.Delete(t.Context(), key))
	require.ErrorIs(t, get(), store.ErrMissing)
	faulty.Plan = func(c storetest.Call) (f storetest.Fault) {
		if c.Key == "map/web" {
			f.Before = store.ErrUnreachable
		}
		return f
	}
	err = get()
	require.ErrorIs(t, err, store.ErrUnreachable, "nobody knows")
	require.NotErrorIs(t, err, store.ErrMissing)
	faulty.Plan = nil

	_, err = s.memory.Put(t.Context(), "map/web", bytes.NewReader(flat(t, "c")), store.Condition{})
	require.NoError(t, err)
	err = get()
	require.Equal(t, &store.ChangedError{Map: "web"}, err)
	require.ErrorIs(t, err, store.ErrChanged)
	require.NotErrorIs(t, err, store.ErrMissing)
	_, err = s.memory.Put(t.Context(), key, strings.NewReader("damaged"), store.Condition{})
	require.NoError(t, err)
	require.Equal(t, &store.ChangedError{Map: "web"}, get())
	require.NoError(t, s.memory.Delete(t.Context(), "map/web"))
	require.Equal(t, &store.ChangedError{Map: "web", Removed: true}, get())
}

// A map that changes between two requests is opened as it is then.
func TestOpenMapThatChanges(t *testing.T) {
	s := newShelf(t)
	change := func(content string) {
		_, err := s.memory.Put(t.Context(), "map/web", bytes.NewReader(flat(t, content)), store.Condition{})
		require.NoError(t, err)
	}
	faulty := &storetest.Faulty{Bucket: s.memory}
	st, err := store.New(t.Context(), faulty, store.Options{})
	require.NoError(t, err)
	contents := "abcdef"
	for changes := range 4 {
		change("a")
		done := 0
		faulty.Plan = func(c storetest.Call) storetest.Fault {
			if c.Op != "get" || done == changes {
				return storetest.Fault{}
			}
			done++
			return storetest.Fault{Hook: func(context.Context) { change(contents[:done+1]) }}
		}
		m, _, err := st.OpenMap(t.Context(), "web")
		if changes == 3 {
			require.ErrorIs(t, err, store.ErrChanged, "again and again")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, uint64(changes+1), m.Blocks())
	}
	faulty.Plan = func(c storetest.Call) storetest.Fault {
		if c.Op != "get" {
			return storetest.Fault{}
		}
		return storetest.Fault{Hook: func(ctx context.Context) { require.NoError(t, s.memory.Delete(ctx, "map/web")) }}
	}
	_, _, err = st.OpenMap(t.Context(), "web")
	require.ErrorIs(t, err, store.ErrMissing)
}

// A file that is open says what became of the map.
func TestMapFileThatChanges(t *testing.T) {
	s := newShelf(t)
	_, err := s.memory.Put(t.Context(), "map/web", strings.NewReader("abc"), store.Condition{})
	require.NoError(t, err)
	f, err := s.OpenFile(t.Context(), "web")
	require.NoError(t, err)
	read := func() error {
		_, err := io.ReadAll(io.NewSectionReader(f, 0, 3))
		return err
	}
	require.NoError(t, s.memory.Delete(t.Context(), "map/web"))
	require.Equal(t, &store.ChangedError{Map: "web", Removed: true}, read())
	_, err = s.memory.Put(t.Context(), "map/web", strings.NewReader("abc"), store.Condition{})
	require.NoError(t, err)
	require.Equal(t, &store.ChangedError{Map: "web"}, read())
}
