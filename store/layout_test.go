package store

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
)

func TestObjectKeys(t *testing.T) {
	id := maps.SHA256.Sum([]byte("x"))
	plain, sealed := bare(t, S2, nil), bare(t, S2, bytes.Repeat([]byte{9}, KeySize))
	for kind, start := range map[maps.Kind]string{maps.Block: "blk/", maps.Node: "node/"} {
		require.Equal(t, start+id.String()[:2]+"/"+id.String(), plain.key(kind, id))
		require.NotContains(t, sealed.key(kind, id), id.String())
		for _, s := range []*Store{plain, sealed} {
			for _, epoch := range []uint64{0, 1, 1 << 63} {
				k := s.objectKey(kind, id)
				k.epoch = epoch
				parsed, ok := parseObjectKey(k.String())
				require.True(t, ok)
				require.Equal(t, k, parsed)
			}
		}
	}
	require.NotEqual(t, sealed.key(maps.Block, id)[len("blk/"):], sealed.key(maps.Node, id)[len("node/"):])

	name := id.String()
	good := "blk/" + name[:2] + "/" + name
	for _, key := range []string{
		"", "blk/", "blk/2d", "node/2d/", "map/" + name, "bad" + good, good[:len(good)-1], good + "0", good + "~", good + "~0", good + "~01", good + "~-1",
		good + "~1~2", good + "~99999999999999999999", strings.ToUpper(good), "blk/00/" + name, "blk/2d-" + name, "blk/2d/x" + name[1:],
	} {
		_, ok := parseObjectKey(key)
		require.False(t, ok, key)
	}
}
