package maps

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// vector is a map that another implementation made: testdata/README.md.
type vector struct {
	Name       string
	Version    int
	Degree     int
	Hash       Hash
	BlockSize  units.Bytes `json:"block_size"`
	Size       units.Bytes
	Attributes [][2]string
	Blocks     []struct {
		Index   uint64
		Content string
		ID      string
	}
	Map     string
	Root    string
	Objects map[string]string
}

func vectors(t testing.TB) (all []vector) {
	text, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	require.NotEmpty(t, all)
	return all
}

func (v vector) spec() Spec {
	s := Spec{Shape: Shape{Version: v.Version, Degree: v.Degree, Hash: v.Hash, BlockSize: v.BlockSize, Size: v.Size}}
	for _, a := range v.Attributes {
		s.Attributes = append(s.Attributes, Attribute{a[0], a[1]})
	}
	return s
}

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			store, entries := newMemory(), map[uint64]ID{}
			var out bytes.Buffer
			w, err := NewWriter(&out, store, v.spec())
			require.NoError(t, err)
			for _, b := range v.Blocks {
				id := v.Hash.BlockID([]byte(b.Content + "\x00\x00"))
				require.Equal(t, b.ID, id.String())
				require.NoError(t, w.Add(t.Context(), b.Index, id))
				entries[b.Index] = id
			}
			h, err := w.Finish(t.Context())
			require.NoError(t, err)
			require.Equal(t, v.Map, hex.EncodeToString(out.Bytes()))
			require.Equal(t, v.Root, h.Root().String())
			objects := map[string]string{}
			for object, data := range store.objects {
				require.Equal(t, Node, object.kind)
				objects[object.id.String()] = hex.EncodeToString(data)
			}
			require.Equal(t, v.Objects, objects)
			m := opened(t, out.Bytes())
			require.Equal(t, v.spec().Attributes, m.Attributes)
			require.Equal(t, entries, entriesOf(t, store, m))
			require.Equal(t, h.Root(), m.Root())
		})
	}
}
