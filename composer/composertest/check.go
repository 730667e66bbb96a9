package composertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// check reads all that is there: each map is what it may be, and is known from then on.
func (h *history) check() {
	h.t.Helper()
	there, seen := map[string]bool{}, h.onceEach()
	for info, err := range h.calm.Maps(h.ctx, "") {
		require.NoError(h.t, err)
		data, err := h.read(seen, info.Name)
		require.NoError(h.t, err, "behind %s, map %s", h.what, info.Name)
		h.requireOneOf(info.Name, data)
		there[info.Name] = true
	}
	for name := range h.may {
		if !there[name] {
			h.requireOneOf(name, nil)
		}
	}
	if h.t.Failed() {
		h.t.FailNow()
	}
}

// requireOneOf notes which of the volumes that a map may be it is.
func (h *history) requireOneOf(name string, data []byte) {
	h.t.Helper()
	for _, m := range h.before(name) {
		if bytes.Equal(m, data) && (m == nil) == (data == nil) {
			h.may[name] = [][]byte{m}
			return
		}
	}
	h.t.Fatalf("behind %s, map %s is not what was acknowledged (there: %v)", h.what, name, data != nil)
}

// read is the volume of a map, until the next is read.
func (h *history) read(from maps.Getter, name string) ([]byte, error) {
	m, _, err := h.calm.OpenMap(h.ctx, name)
	if err != nil {
		return nil, err
	}
	r, err := maps.NewReader(h.ctx, from, m)
	if err != nil {
		return nil, err
	}
	if len(h.buf) < int(m.Size) {
		h.buf = make([]byte, m.Size)
	}
	data := h.buf[:m.Size]
	if n, err := r.ReadAt(data, 0); n < len(data) {
		return nil, err
	}
	return data, nil
}

// onceEach reads each object once, however many maps have it.
func (h *history) onceEach() maps.Getter { return &onceEach{h.calm, map[maps.Object][]byte{}} }

type onceEach struct {
	store *store.Store
	read  map[maps.Object][]byte
}

// Get is what [maps.Getter] says.
func (o *onceEach) Get(ctx context.Context, kind maps.Kind, id maps.ID, dst []byte) (int, error) {
	at := maps.Object{Kind: kind, ID: id}
	data, known := o.read[at]
	if !known {
		n, err := o.store.Get(ctx, kind, id, dst)
		if err == nil {
			o.read[at] = bytes.Clone(dst[:n])
		}
		return n, err
	}
	if len(data) > len(dst) {
		return 0, io.ErrShortBuffer
	}
	return copy(dst, data), nil
}

// emptied: when all rights have run out, one collection leaves nothing that no map needs, and all maps are presented.
func (h *history) emptied() {
	h.clock.advance(10 * time.Minute)
	if all := h.there(every); len(all) > 0 && h.rng.IntN(3) == 0 {
		for id, kind := range h.objects(one(h, all...)) { // any of them is taken for damaged, which it is not
			require.NoError(h.t, h.calm.MarkBad(h.ctx, kind, id))
			break
		}
	}
	h.mend()
	h.what = "the last collection"
	c, err := h.calm.Collect(h.ctx, store.CollectOptions{})
	require.NoError(h.t, err)
	require.Zero(h.t, c.Missing)
	require.Zero(h.t, c.Foreign)
	h.did.add("freed", int(c.Freed.Objects))
	h.check()
	need := map[string]int{"store.json": 1}
	if c.Epoch > 0 {
		need["gc/epoch"] = 1
	}
	for _, name := range h.there(every) {
		need["map/"+name] = 1
		for id, kind := range h.objects(name) {
			need[h.key(kind, id)] = 1
		}
		h.present(name)
	}
	have := map[string]int{}
	for _, key := range h.keys() {
		if strings.HasPrefix(key, "blk/") || strings.HasPrefix(key, "node/") {
			key, _, _ = strings.Cut(key, "~") // one that was put anew
		}
		have[key]++
	}
	require.Equal(h.t, need, have)
}

// mend registers all volumes again where anything is marked as damaged. A block that was put anew while the damaged one was
// condemned leaves the mark, and the damaged one if that is there, until its content is put once more.
func (h *history) mend() {
	marked := false
	for _, err := range h.calm.Bad(h.ctx) {
		require.NoError(h.t, err)
		marked = true
	}
	if !marked {
		return
	}
	c, err := h.calm.Collect(h.ctx, store.CollectOptions{})
	require.NoError(h.t, err)
	h.did.add("freed", int(c.Freed.Objects))
	h.heal(h.there(every))
	h.did.add("mended", 1)
}

// keys are all that is stored.
func (h *history) keys() (keys []string) {
	if h.place.Keys != nil {
		return h.place.Keys(h.t)
	}
	for info, err := range h.place.Bucket.List(h.ctx, "") {
		require.NoError(h.t, err)
		keys = append(keys, info.Key)
	}
	return keys
}

// key is where an object is, but for what says that it was put anew.
func (h *history) key(kind maps.Kind, id maps.ID) string {
	name := h.calm.Name(kind, id).String()
	return map[maps.Kind]string{maps.Block: "blk/", maps.Node: "node/"}[kind] + name[:2] + "/" + name
}

// objects are what a map needs besides itself.
func (h *history) objects(name string) map[maps.ID]maps.Kind {
	m, _, err := h.calm.OpenMap(h.ctx, name)
	require.NoError(h.t, err)
	all := map[maps.ID]maps.Kind{}
	for o, err := range m.Objects(h.ctx, h.calm, nil) {
		require.NoError(h.t, err)
		if o.Kind == maps.Block || o.Kind == maps.Node {
			all[o.ID] = o.Kind
		}
	}
	return all
}

// present writes a map into a target that has something else.
func (h *history) present(name string) {
	want := h.now(name)
	target := memoryTarget(bytes.Repeat([]byte{9}, len(want)))
	_, err := composer.Present(h.ctx, h.calm, target, composer.PresentRequest{Name: name, Workers: 1})
	require.NoError(h.t, err)
	require.True(h.t, bytes.Equal(want, target), "presented: %s", name)
	h.did.add("present", 1)
}

// damaged tells whether an error says so.
func damaged(err error) bool {
	return errors.Is(err, maps.ErrCorrupt) || errors.Is(err, maps.ErrMissing)
}
