package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// TestStore has a store on a bucket do all that [store.Store] says of reading: packed and sealed objects,
// settings, damage. open makes an empty bucket, and has it closed and removed when its test ends.
func TestStore(t *testing.T, open func(t *testing.T) store.Bucket) {
	for _, test := range []struct {
		name string
		run  func(*storeTest)
	}{
		{"Objects", (*storeTest).objects}, {"Damage", (*storeTest).damage}, {"Exchanged", (*storeTest).exchanged}, {"Copies", (*storeTest).copies},
		{"Maps", (*storeTest).maps}, {"ShortReads", (*storeTest).shortReads}, {"Secrets", (*storeTest).secrets},
	} {
		for _, compression := range []store.Compression{store.S2, store.Zstd, store.None} {
			for _, key := range [][]byte{nil, bytes.Repeat([]byte{7}, store.KeySize)} {
				name := fmt.Sprintf("%s/%s,encrypted=%v", test.name, compression, key != nil)
				t.Run(name, func(t *testing.T) {
					b := open(t)
					s, err := store.New(t.Context(), b, store.Options{Create: true, Settings: store.Settings{Compression: compression}, Key: key})
					require.NoError(t, err)
					w, err := s.Begin(t.Context(), store.SessionOptions{Purpose: "test"})
					require.NoError(t, err)
					test.run(&storeTest{t, t.Context(), b, s, w, key})
					require.NoError(t, w.End(t.Context()))
				})
			}
		}
	}
	t.Run("Settings", func(t *testing.T) { settings(t, open) })
}

type storeTest struct {
	*testing.T
	ctx context.Context
	b   store.Bucket
	s   *store.Store
	w   *store.Session
	key []byte
}

func text(i int) []byte {
	return []byte(strings.Repeat(fmt.Sprintf("block %d, and what is in it; ", i), 300))
}

// put puts an object, and returns its id and the key that it has got.
func (t *storeTest) put(kind maps.Kind, data []byte) (maps.ID, string) {
	t.Helper()
	before := t.keys("")
	id := t.s.Settings().Hash.Sum(data)
	require.NoError(t, t.w.Put(t.ctx, kind, id, data))
	for key := range t.keys("") {
		if !before[key] && (strings.HasPrefix(key, "blk/") || strings.HasPrefix(key, "node/")) {
			return id, key
		}
	}
	require.Fail(t, "nothing was put")
	return id, ""
}

func (t *storeTest) keys(prefix string) map[string]bool {
	keys := map[string]bool{}
	for info, err := range t.b.List(t.ctx, prefix) {
		require.NoError(t, err)
		keys[info.Key] = true
	}
	return keys
}

func (t *storeTest) raw(key string) []byte {
	dst := make([]byte, 4<<20)
	n, info, err := t.b.Get(t.ctx, key, 0, dst)
	require.NoError(t, err)
	require.Equal(t, info.Size, int64(n))
	return dst[:n]
}

func (t *storeTest) setRaw(key string, content []byte) {
	_, err := t.b.Put(t.ctx, key, bytes.NewReader(content), store.Condition{})
	require.NoError(t, err)
}

func (t *storeTest) get(kind maps.Kind, id maps.ID) ([]byte, error) {
	dst := make([]byte, 1<<20)
	n, err := t.s.Get(t.ctx, kind, id, dst)
	return dst[:n], err
}

func (t *storeTest) objects() {
	for i, data := range [][]byte{{1}, text(1), bytes.Repeat([]byte{0xff}, 300_000)} {
		id, key := t.put(maps.Block, data)
		require.True(t, strings.HasPrefix(key, "blk/"))
		got, err := t.get(maps.Block, id)
		require.NoError(t, err)
		require.True(t, bytes.Equal(data, got), i)
		n, err := t.s.Get(t.ctx, maps.Block, id, make([]byte, len(data)))
		require.NoError(t, err)
		require.Equal(t, len(data), n)
		_, err = t.s.Get(t.ctx, maps.Block, id, make([]byte, len(data)-1))
		require.ErrorIs(t, err, io.ErrShortBuffer)
		_, err = t.get(maps.Node, id)
		require.ErrorIs(t, err, store.ErrMissing, "kinds are apart")
		if t.s.Settings().Compression != store.None && len(data) > 1 {
			require.Less(t, len(t.raw(key)), len(data)/2)
		}
	}
	id, key := t.put(maps.Node, text(2))
	require.True(t, strings.HasPrefix(key, "node/"))
	got, err := t.get(maps.Node, id)
	require.NoError(t, err)
	require.Equal(t, text(2), got)
	counts := t.w.Counts()
	require.Equal(t, int64(4), counts.Put)
	require.NoError(t, t.w.Put(t.ctx, maps.Node, id, text(2)))
	require.Equal(t, int64(1), t.w.Counts().Kept)
}

// damage of all sorts is found, whatever the buffer.
func (t *storeTest) damage() {
	id, key := t.put(maps.Block, text(1))
	sound := t.raw(key)
	for name, b := range map[string][]byte{
		"nothing": {}, "a byte": sound[:1], "the header": sound[:8], "half": sound[:len(sound)/2], "one byte less": sound[:len(sound)-1],
		"one byte more": append(bytes.Clone(sound), 0), "twice": append(bytes.Clone(sound), sound...), "zeros": make([]byte, len(sound)),
		"long": append(bytes.Clone(sound), make([]byte, 3<<20)...), "the plain bytes": text(1),
	} {
		t.setRaw(key, b)
		for _, size := range []int{1 << 20, len(text(1))} {
			_, err := t.s.Get(t.ctx, maps.Block, id, make([]byte, size))
			require.ErrorIs(t, err, store.ErrCorrupt, name)
			var e *store.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, key, e.Key)
		}
	}
	for at := 0; at < len(sound); at += 1 + len(sound)/25 {
		b := bytes.Clone(sound)
		b[at] ^= 1 << (at % 8)
		t.setRaw(key, b)
		got, err := t.get(maps.Block, id)
		if err == nil { // there are bits that a codec does not look at
			require.Equal(t, text(1), got)
		} else {
			require.ErrorIs(t, err, store.ErrCorrupt, at)
		}
		require.False(t, err == nil && t.key != nil, "a seal is of all bits")
	}
	t.setRaw(key, sound)
	_, err := t.get(maps.Block, id)
	require.NoError(t, err)
}

// exchanged: what is sound at one key is damage at another.
func (t *storeTest) exchanged() {
	one, oneKey := t.put(maps.Block, text(1))
	two, twoKey := t.put(maps.Block, text(2))
	node, nodeKey := t.put(maps.Node, text(1))
	a, b, n := t.raw(oneKey), t.raw(twoKey), t.raw(nodeKey)
	t.setRaw(oneKey, b)
	t.setRaw(twoKey, a)
	for _, id := range []maps.ID{one, two} {
		_, err := t.get(maps.Block, id)
		require.ErrorIs(t, err, store.ErrCorrupt)
	}
	t.setRaw(oneKey, n)
	_, err := t.get(maps.Block, one)
	require.Equal(t, t.key != nil, err != nil, "a node sealed is no block")
	_, err = t.get(maps.Node, node)
	require.NoError(t, err)
}

// copies: where an object is damaged or missing, one that was put anew is read, the newest that is sound.
func (t *storeTest) copies() {
	id, key := t.put(maps.Block, text(1))
	sound := t.raw(key)
	bad := sound[:len(sound)-1]
	check := func(want error) {
		t.Helper()
		got, err := t.get(maps.Block, id)
		if want != nil {
			require.ErrorIs(t, err, want)
			return
		}
		require.NoError(t, err)
		require.Equal(t, text(1), got)
	}
	t.setRaw(key, bad)
	check(store.ErrCorrupt)
	t.setRaw(key+"~9", bad)
	check(store.ErrCorrupt)
	t.setRaw(key+"~10", sound)
	check(nil)
	t.setRaw(key+"~10", bad)
	t.setRaw(key+"~9", sound)
	check(nil)
	t.setRaw(key+"~x", sound)
	require.NoError(t, t.b.Delete(t.ctx, key))
	check(nil)
	require.NoError(t, t.b.Delete(t.ctx, key+"~9"))
	check(store.ErrCorrupt)
	require.NoError(t, t.b.Delete(t.ctx, key+"~10"))
	check(store.ErrMissing)
}

// A bucket that gives less than it says is no reason to take zeros for data.
func (t *storeTest) shortReads() {
	id, _ := t.put(maps.Block, text(1))
	f := &Faulty{Bucket: t.b}
	s, err := store.New(t.ctx, f, store.Options{Key: t.key})
	require.NoError(t, err)
	dst := make([]byte, 1<<20)
	for _, short := range []int{1, 100, 1 << 20} {
		f.Plan = Nth(f.Calls()+1, Fault{Short: short})
		_, err = s.Get(t.ctx, maps.Block, id, dst)
		require.ErrorIs(t, err, store.ErrCorrupt)
	}
	for _, fault := range []error{store.ErrUnreachable, store.ErrDenied, context.DeadlineExceeded} {
		f.Plan = Nth(f.Calls()+1, Fault{Before: fault})
		_, err = s.Get(t.ctx, maps.Block, id, dst)
		require.ErrorIs(t, err, fault)
		require.NotErrorIs(t, err, store.ErrCorrupt)
	}
	// Whether there is a copy is not known: it is not missing.
	f.Plan = func(c Call) Fault {
		if c.Op == "list" {
			return Fault{Before: store.ErrUnreachable}
		}
		return Fault{}
	}
	_, err = s.Get(t.ctx, maps.Block, maps.ID{1}, dst)
	require.ErrorIs(t, err, store.ErrUnreachable)
	require.NotErrorIs(t, err, store.ErrMissing)
}

// secrets: what is in an encrypted store says nothing of contents and ids.
func (t *storeTest) secrets() {
	id, _ := t.put(maps.Block, text(1))
	_, err := t.w.Publish(t.ctx, "m", bytes.NewReader(bytes.Repeat(id[:], 100)), store.Condition{})
	require.NoError(t, err)
	for key := range t.keys("") {
		content := t.raw(key)
		for _, secret := range [][]byte{id[:4], []byte("what is in it"), t.key} {
			if t.key != nil {
				require.False(t, bytes.Contains(content, secret), key)
			}
		}
		if t.key != nil {
			require.NotContains(t, key, id.String()[:16])
			require.NotContains(t, string(content), id.String()[:16])
		}
	}
}

func settings(t *testing.T, open func(t *testing.T) store.Bucket) {
	ctx, b := t.Context(), open(t)
	_, err := store.New(ctx, b, store.Options{})
	require.ErrorIs(t, err, store.ErrMissing)
	var wait sync.WaitGroup
	ids := make([]uuid.UUID, 6)
	for i := range ids {
		wait.Go(func() {
			s, err := store.New(ctx, b, store.Options{Create: true, Settings: store.Settings{Hash: maps.BLAKE3, Compression: store.Zstd}})
			if err == nil {
				ids[i] = s.Settings().ID
			}
		})
	}
	wait.Wait()
	for _, id := range ids {
		require.NotEqual(t, uuid.Nil, id)
		require.Equal(t, ids[0], id, "two who make a store make one")
	}
	s, err := store.New(ctx, b, store.Options{})
	require.NoError(t, err)
	require.Equal(t, store.Settings{Format: 1, ID: ids[0], Hash: maps.BLAKE3, Compression: store.Zstd}, s.Settings())
	for _, o := range []store.Options{
		{Settings: store.Settings{Hash: maps.SHA256}}, {Key: make([]byte, store.KeySize)}, {Settings: store.Settings{Compression: "lz4"}},
		{Create: true, Settings: store.Settings{Hash: maps.SHA256}},
	} {
		_, err = store.New(ctx, b, o)
		require.ErrorIs(t, err, store.ErrSettings)
	}
	_, err = store.New(ctx, b, store.Options{Settings: store.Settings{Hash: maps.BLAKE3, Compression: store.None}})
	require.NoError(t, err, "each object says what it is packed with")

	b = open(t)
	key := bytes.Repeat([]byte{1}, store.KeySize)
	_, err = store.New(ctx, b, store.Options{Create: true, Key: key[:16]})
	require.Error(t, err)
	_, err = store.New(ctx, b, store.Options{Create: true, Key: key})
	require.NoError(t, err)
	for _, other := range [][]byte{nil, bytes.Repeat([]byte{2}, store.KeySize)} {
		_, err = store.New(ctx, b, store.Options{Create: true, Key: other})
		require.ErrorIs(t, err, store.ErrSettings)
	}
	_, err = store.New(ctx, b, store.Options{Key: key})
	require.NoError(t, err)

	for text, want := range map[string]error{
		"": store.ErrCorrupt, "{}": store.ErrCorrupt, "null": store.ErrCorrupt, "[1]": store.ErrCorrupt, `{"format":"x"}`: store.ErrCorrupt,
		`{"format":1,"hash":"sha256","compression":"s2"}`: store.ErrCorrupt, `{"format":2,"new":true}`: errors.ErrUnsupported,
		document("sha3", "s2"): errors.ErrUnsupported, document("sha256", "lz4"): errors.ErrUnsupported, document("sha256", "s2"): nil,
		strings.Repeat(" ", 70_000): store.ErrCorrupt,
	} {
		_, err := b.Put(ctx, "store.json", strings.NewReader(text), store.Condition{})
		require.NoError(t, err)
		_, err = store.New(ctx, b, store.Options{Create: true})
		if want == nil {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, want, text)
		}
	}
}

func document(hash, compression string) string {
	text, _ := json.Marshal(map[string]any{"format": 1, "id": uuid.New(), "hash": hash, "compression": compression})
	return string(text)
}
