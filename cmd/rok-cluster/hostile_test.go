package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// hostileStore is the store of a machine, as somebody has it who may write to it.
type hostileStore struct {
	*machine
	dir   *store.Dir
	store *store.Store
}

func newHostileStore(m *machine) *hostileStore {
	dir, err := store.NewDir(filepath.Join(m.dir, "state", "store"), store.DirOptions{})
	require.NoError(m.t, err)
	m.t.Cleanup(func() { require.NoError(m.t, dir.Close()) })
	st, err := store.New(m.t.Context(), dir, store.Options{})
	require.NoError(m.t, err)
	return &hostileStore{m, dir, st}
}

func (s *hostileStore) get(key string) []byte {
	buf := make([]byte, 4<<20)
	n, _, err := s.dir.Get(s.t.Context(), key, 0, buf)
	require.NoError(s.t, err)
	return buf[:n]
}

func (s *hostileStore) put(key string, data []byte) {
	_, err := s.dir.Put(s.t.Context(), key, bytes.NewReader(data), store.Condition{})
	require.NoError(s.t, err)
}

// header changes that of a v4 map, and puts its checksum right.
func (s *hostileStore) header(lie func(h []byte)) {
	const size = 68
	b := s.get("map/disk")
	lie(b[:size])
	binary.BigEndian.PutUint32(b[size-4:], crc32.Checksum(b[:size-4], crc32.MakeTable(crc32.Castagnoli)))
	s.put("map/disk", b)
}

// object is the n-th node or block of the map.
func (s *hostileStore) object(kind maps.Kind, n int) (maps.ID, string) {
	m, _, err := s.store.OpenMap(s.t.Context(), "disk")
	require.NoError(s.t, err)
	for o, err := range m.Objects(s.t.Context(), s.store, nil) {
		require.NoError(s.t, err)
		if o.Kind != kind {
			continue
		}
		if n == 0 {
			return o.ID, map[maps.Kind]string{maps.Block: "blk/", maps.Node: "node/"}[kind] + o.ID.String()[:2] + "/" + o.ID.String()
		}
		n--
	}
	require.Fail(s.t, "no such object")
	return maps.ID{}, ""
}

// Maps that somebody made to do harm: whichever command reads them says that they are damaged. A registration on top of one
// reads all of its source, and makes it whole. What is beside it is as it was.
func TestHostileMapsByCommand(t *testing.T) {
	for name, test := range map[string]struct {
		harm  func(s *hostileStore)
		shows bool // the map's own bytes are sound
	}{
		"shift of 255":            {func(s *hostileStore) { s.header(func(h []byte) { h[16] = 0xff }) }, false},
		"more blocks than can be": {func(s *hostileStore) { s.header(func(h []byte) { binary.BigEndian.PutUint64(h[24:], 1<<60) }) }, false},
		"more blocks":             {func(s *hostileStore) { s.header(func(h []byte) { h[31]++ }) }, true},
		"cut short":               {func(s *hostileStore) { s.put("map/disk", s.get("map/disk")[:20]) }, false},
		"empty":                   {func(s *hostileStore) { s.put("map/disk", nil) }, false},
		"node of another level": {func(s *hostileStore) {
			leaf, _ := s.object(maps.Node, 1)
			s.header(func(h []byte) { copy(h[32:64], leaf[:]) })
		}, true},
		"cycle": {func(s *hostileStore) {
			_, root := s.object(maps.Node, 0)
			_, leaf := s.object(maps.Node, 1)
			s.put(leaf, s.get(root))
		}, true},
		"block that lies about its length": {func(s *hostileStore) {
			_, key := s.object(maps.Block, 0)
			s.put(key, []byte{2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3})
		}, true},
		"block of another length": {func(s *hostileStore) {
			_, key := s.object(maps.Block, 0)
			s.put(key, []byte{2, 0, 0, 0, 1, 0, 0, 0, 0x80, 0x80, 0x80, 8, 0})
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.do("disk disk.img 2M", "write disk.img 0 1984K 1", "disk sound.img 1M", "write sound.img 0 1M 2")
			for _, name := range []string{"disk", "sound"} {
				m.must("rok-register", name+".img", name, "--map-version", "4", "--degree", "16", "--block-size", "64K", "-q")
			}
			test.harm(newHostileStore(m))
			corrupt := func(args ...string) {
				t.Helper()
				_, stderr, code := m.rok(args...)
				require.Equal(t, int(cli.Corrupt), code, "%q: %s", args, stderr)
				require.NotEmpty(t, stderr)
			}
			if test.shows {
				m.must("rok-composer-tool", "show", "disk")
			} else {
				corrupt("rok-composer-tool", "show", "disk")
			}
			corrupt("rok-present", "disk", "out.img", "-q")
			corrupt("rok-composer-tool", "verify", "--deep", "-q")
			m.must("rok-composer-tool", "verify", "sound", "--deep", "-q")
			m.must("rok-register", "disk.img", "disk", "-q")
			m.must("rok-composer-tool", "verify", "--deep", "-q")
			for _, name := range []string{"disk", "sound"} {
				m.must("rok-present", name, name+".out", "-q")
				want, err := os.ReadFile(name + ".img")
				require.NoError(t, err)
				got, err := os.ReadFile(name + ".out")
				require.NoError(t, err)
				require.True(t, bytes.Equal(want, got), name)
			}
		})
	}
}
