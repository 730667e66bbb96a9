package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest/model"
)

// damage overwrites what is kept of a block.
func (s *shelf) damage(t *testing.T, key string) {
	_, err := s.memory.Put(t.Context(), key, strings.NewReader("damaged"), store.Condition{})
	require.NoError(t, err)
}

func (s *shelf) bad(t *testing.T) []store.BadObject {
	var found []store.BadObject
	for b, err := range s.Bad(t.Context()) {
		require.NoError(t, err)
		b.Marked = time.Time{}
		found = append(found, b)
	}
	return found
}

func TestDamagedBlockIsPutAgain(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	s.damage(t, blockKey('b'))
	_, err := model.Read(s.Store, "web")
	require.ErrorIs(t, err, store.ErrCorrupt)
	require.NoError(t, s.MarkBad(t.Context(), maps.Block, model.BlockID('b')))
	require.Equal(t, []store.BadObject{{Kind: maps.Block, Name: model.BlockID('b')}}, s.bad(t))
	require.Zero(t, s.collect(t).Condemned)
	require.Len(t, s.bad(t), 1, "a map needs it")

	w := s.begin(t)
	require.True(t, w.Distrusts(maps.Block, model.BlockID('b')))
	require.False(t, w.Distrusts(maps.Node, model.BlockID('b')))
	has, err := w.Has(t.Context(), maps.Block, model.BlockID('b'))
	require.NoError(t, err)
	require.False(t, has)
	require.NoError(t, register(t, w, "new", "ab"))
	require.False(t, w.Distrusts(maps.Block, model.BlockID('b')))
	require.EqualValues(t, 1, w.Counts().Put)
	require.NoError(t, w.End(t.Context()))
	require.Empty(t, s.bad(t))
	content, err := model.Read(s.Store, "web")
	require.NoError(t, err)
	require.Equal(t, "abc", content)
}

// Where the damaged copy is condemned, the mark stays until it is replaced: else it would be trusted when
// it is rescued.
func TestDamagedBlockThatIsCondemned(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	require.NoError(t, s.Remove(t.Context(), "web", ""))
	old := s.begin(t) // keeps the collection from its end
	require.Len(t, s.collect(t).Waiting, 1)
	s.damage(t, blockKey('b'))
	require.NoError(t, s.MarkBad(t.Context(), maps.Block, model.BlockID('b')))

	w := s.begin(t)
	require.NoError(t, register(t, w, "new", "ab"))
	require.EqualValues(t, 2, w.Counts().Put)
	require.Len(t, s.bad(t), 1)
	content, err := model.Read(s.Store, "new")
	require.NoError(t, err)
	require.Equal(t, "ab", content)
	require.NoError(t, register(t, old, "old", "abc"))
	require.NoError(t, old.End(t.Context()))
	require.NoError(t, w.End(t.Context()))
	for range 3 {
		s.collect(t)
		for _, name := range []string{"old", "new"} {
			content, err = model.Read(s.Store, name)
			require.NoError(t, err)
			require.Equal(t, "abc"[:len(content)], content)
		}
	}
	s.keep(t, "third", "b")
	require.Empty(t, s.bad(t))
	s.collect(t)
	require.Len(t, s.keys(t, "blk/"), 3)
	content, err = model.Read(s.Store, "old")
	require.NoError(t, err)
	require.Equal(t, "abc", content)
}

func TestMarkOfWhatIsGoneGoes(t *testing.T) {
	s := newShelf(t)
	s.keep(t, "web", "abc")
	require.NoError(t, s.MarkBad(t.Context(), maps.Block, model.BlockID('b')))
	require.NoError(t, s.MarkBad(t.Context(), maps.Block, model.BlockID('c')))
	require.NoError(t, s.UnmarkBad(t.Context(), maps.Block, model.BlockID('c')))
	require.Len(t, s.bad(t), 1)
	require.NoError(t, s.Remove(t.Context(), "web", ""))
	s.collect(t)
	require.Empty(t, s.bad(t))
	require.Equal(t, []string{"gc/epoch", "store.json"}, s.keys(t, ""))
}
