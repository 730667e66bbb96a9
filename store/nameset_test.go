package store

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
)

// A set has each name once and in order, in files as in memory.
func TestNameSet(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		s, err := newNameSet(dir)
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(1, 2))
		want := map[maps.ID]bool{}
		for range 200_000 { // of one shard, so that its file is put in order several times
			var name maps.ID
			name[0] = 7
			binary.BigEndian.PutUint32(name[8:], uint32(rng.IntN(60_000)))
			want[name] = true
			require.NoError(t, s.add(maps.Node, name))
		}
		for range 2 {
			names, err := s.names(maps.Node, 7)
			require.NoError(t, err)
			require.Len(t, names, len(want))
			for i, name := range names {
				require.True(t, want[name])
				require.True(t, i == 0 || compareNames(names[i-1], name) < 0)
			}
		}
		for _, other := range []struct {
			kind  maps.Kind
			shard byte
		}{{maps.Block, 7}, {maps.Node, 8}} {
			names, err := s.names(other.kind, other.shard)
			require.NoError(t, err)
			require.Empty(t, names)
		}
		require.NoError(t, s.close())
		if dir != "" {
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			require.Empty(t, left)
		}
	}
}
