package composer_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
	"github.com/rok-storage/rok/units"
)

const block = maps.MinBlockSize

// world is a store in memory, and a clock.
type world struct {
	t      *testing.T
	bucket *storetest.Memory
	store  *store.Store
	state  string
	now    time.Time
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, bucket: &storetest.Memory{}, state: t.TempDir(), now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	w.store = w.open(w.bucket)
	return w
}

func (w *world) open(b store.Bucket) *store.Store {
	w.t.Helper()
	st, err := store.New(w.t.Context(), b, store.Options{Create: true})
	require.NoError(w.t, err)
	return st
}

// request registers one volume with small blocks.
func (w *world) request(name string, source composer.Source) composer.RegisterRequest {
	return composer.RegisterRequest{
		Volumes:  []composer.Volume{{Name: name, Source: source}},
		Defaults: composer.Defaults{BlockSize: block},
		StateDir: w.state, Now: func() time.Time { w.now = w.now.Add(time.Second); return w.now },
	}
}

func (w *world) register(name string, data []byte) composer.Registered {
	w.t.Helper()
	result, err := composer.Register(w.t.Context(), w.store, w.request(name, memorySource(data)))
	require.NoError(w.t, err)
	return result.Maps[0]
}

// registerAs registers with another shape.
func (w *world) registerAs(name string, data []byte, version, degree int) composer.Registered {
	w.t.Helper()
	r := w.request(name, memorySource(data))
	r.Asked = composer.Asked{Version: version, Degree: &degree}
	result, err := composer.Register(w.t.Context(), w.store, r)
	require.NoError(w.t, err)
	return result.Maps[0]
}

// read is the volume of a map.
func (w *world) read(name string) []byte {
	w.t.Helper()
	return readFrom(w.t, w.store, name)
}

func readFrom(t *testing.T, st *store.Store, name string) []byte {
	t.Helper()
	m, _, err := st.OpenMap(t.Context(), name)
	require.NoError(t, err)
	r, err := maps.NewReader(t.Context(), st, m)
	require.NoError(t, err)
	data, err := io.ReadAll(io.NewSectionReader(r, 0, int64(m.Size)))
	require.NoError(t, err)
	return data
}

// names are all maps.
func (w *world) names() []string {
	var names []string
	for info, err := range w.store.Maps(w.t.Context(), "") {
		require.NoError(w.t, err)
		names = append(names, info.Name)
	}
	return names
}

// object is the key of a block or node of a map.
func (w *world) object(name string, kind maps.Kind, n int) (maps.Object, string) {
	w.t.Helper()
	m, _, err := w.store.OpenMap(w.t.Context(), name)
	require.NoError(w.t, err)
	for o, err := range m.Objects(w.t.Context(), w.store, nil) {
		require.NoError(w.t, err)
		if o.Kind != kind {
			continue
		}
		if n == 0 {
			dir := map[maps.Kind]string{maps.Block: "blk/", maps.Node: "node/"}[kind]
			return o, dir + o.ID.String()[:2] + "/" + o.ID.String()
		}
		n--
	}
	w.t.Fatalf("map %s has no such %s", name, kind)
	return maps.Object{}, ""
}

// damage changes a byte of an object.
func (w *world) damage(key string) {
	w.t.Helper()
	buf := make([]byte, 32<<20)
	n, _, err := w.bucket.Get(w.t.Context(), key, 0, buf)
	require.NoError(w.t, err)
	buf[0] ^= 1
	_, err = w.bucket.Put(w.t.Context(), key, bytes.NewReader(buf[:n]), store.Condition{})
	require.NoError(w.t, err)
}

func (w *world) remove(key string) {
	w.t.Helper()
	require.NoError(w.t, w.bucket.Delete(context.Background(), key))
}

// memorySource is a volume in memory.
type memorySource []byte

func (s memorySource) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(s).ReadAt(p, off)
}

func (s memorySource) Size() units.Bytes { return units.Bytes(len(s)) }

// noise is a volume of that many blocks, each another one; those whose numbers are given are zeros.
func noise(seed uint64, blocks int, zero ...int) []byte {
	data := make([]byte, blocks*int(block))
	r := rand.New(rand.NewPCG(seed, 1))
	for i := 0; i < len(data); i += 8 {
		binary.LittleEndian.PutUint64(data[i:], r.Uint64()|0x0101010101010101) // no byte is zero
	}
	for _, z := range zero {
		clear(data[z*int(block) : (z+1)*int(block)])
	}
	return data
}

// file is a file with data.
func file(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk.img")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}
