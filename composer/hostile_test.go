package composer_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// header4 is the length of a v4 map's header, whose last 4 bytes are its checksum.
const header4 = 68

// reheaded changes a v4 map's header, and puts the checksum right.
func (w *world) reheaded(name string, lie func(header []byte)) {
	w.t.Helper()
	b := w.bytesOf(name)
	lie(b[:header4])
	binary.BigEndian.PutUint32(b[header4-4:], crc32.Checksum(b[:header4-4], crc32.MakeTable(crc32.Castagnoli)))
	_, err := w.bucket.Put(w.t.Context(), "map/"+name, bytes.NewReader(b), store.Condition{})
	require.NoError(w.t, err)
}

// replace puts the bytes of an object in the place of another.
func (w *world) replace(key, from string) {
	w.t.Helper()
	buf := make([]byte, 1<<20)
	n, _, err := w.bucket.Get(w.t.Context(), from, 0, buf)
	require.NoError(w.t, err)
	_, err = w.bucket.Put(w.t.Context(), key, bytes.NewReader(buf[:n]), store.Condition{})
	require.NoError(w.t, err)
}

// What somebody made to harm who reads it: each command says that it is damaged, and takes little memory. The sound map beside it is
// not touched.
func TestHostileMaps(t *testing.T) {
	data := noise(1, 20, 2)
	for name, test := range map[string]struct {
		harm  func(w *world)
		opens bool // the map's own bytes can be read
	}{
		"2^60 blocks":             {func(w *world) { w.reheaded("disk", func(h []byte) { h[16] = 0xff }) }, false},
		"more blocks than can be": {func(w *world) { w.reheaded("disk", func(h []byte) { binary.BigEndian.PutUint64(h[24:], 1<<60) }) }, false},
		"more blocks":             {func(w *world) { w.reheaded("disk", func(h []byte) { h[31]++ }) }, true},
		"node of another level": {func(w *world) {
			leaf, _ := w.object("disk", maps.Node, 1)
			w.reheaded("disk", func(h []byte) { copy(h[32:64], leaf.ID[:]) })
		}, true},
		"cycle": {func(w *world) {
			_, root := w.object("disk", maps.Node, 0)
			_, leaf := w.object("disk", maps.Node, 1)
			w.replace(leaf, root)
		}, true},
		"block that lies about its length": {func(w *world) {
			_, key := w.object("disk", maps.Block, 0)
			_, err := w.bucket.Put(t.Context(), key, bytes.NewReader([]byte{2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3}), store.Condition{})
			require.NoError(t, err)
		}, true},
		"block of another length": {func(w *world) {
			_, key := w.object("disk", maps.Block, 0)
			_, err := w.bucket.Put(t.Context(), key, bytes.NewReader([]byte{2, 0, 0, 0, 1, 0, 0, 0, 0x80, 0x80, 0x80, 8, 0}), store.Condition{})
			require.NoError(t, err)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.register("sound", noise(2, 3))
			w.registerAs("disk", data, 4, 16)
			test.harm(w)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			v, err := composer.Verify(t.Context(), w.store, composer.VerifyRequest{Deep: true, NoMarks: true, Dir: w.state})
			var verdict *composer.VerifyError
			require.ErrorAs(t, err, &verdict)
			require.False(t, v.Maps[0].Sound(), v.Maps[0].Name)
			require.True(t, v.Maps[1].Sound(), v.Maps[1].Name)
			_, err = composer.PresentFile(t.Context(), w.store, filepath.Join(t.TempDir(), "out"), false, composer.PresentRequest{Name: "disk"})
			require.ErrorIs(t, err, maps.ErrCorrupt)
			if !test.opens {
				_, err = composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Degree: 16})
				require.ErrorIs(t, err, maps.ErrCorrupt)
				_, err = composer.SetLabels(t.Context(), w.store, "disk", []composer.Label{{Key: "a", Value: "b"}})
				require.ErrorIs(t, err, maps.ErrCorrupt)
			}
			runtime.ReadMemStats(&after)
			require.Less(t, (after.TotalAlloc-before.TotalAlloc)>>20, uint64(100))
			require.Equal(t, noise(2, 3), w.read("sound"))

			// A collection frees nothing where a map cannot be read.
			c, err := composer.Collect(t.Context(), w.store, composer.CollectRequest{})
			var unread *store.MarkError
			require.True(t, err == nil || errors.As(err, &unread), err)
			require.Zero(t, c.Collected.Freed.Objects)

		})
	}
}
