package maps

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the seeds of the fuzz targets")

// closed puts all checksums and the digest of a map's bytes right, so that what is
// fuzzed lies behind them.
func closed(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) < headerSize3 {
		return b
	}
	size, err := headerSize(b)
	if err != nil || len(b) < size+8 {
		return b
	}
	sealed(b)
	n := int(binary.BigEndian.Uint32(b[size:]))
	if n > len(b)-size-8 {
		return b
	}
	section := b[size : size+4+n+4]
	binary.BigEndian.PutUint32(section[4+n:], checksum(section[:4+n]))
	pages := b[size+len(section):]
	if size == headerSize3 && len(pages) >= endSize {
		digest := Hash(b[8]).running()
		_, _ = digest.Write(b[:size])
		_, _ = digest.Write(pages[:len(pages)-IDSize])
		copy(pages[len(pages)-IDSize:], digest.Sum(nil))
	}
	return b
}

// walked goes through a map in every way that reads it: what is wrong is said by a typed
// error, in bounded time.
func walked(t *testing.T, store Store, m *Map) {
	t.Helper()
	typed := func(err error) {
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrMissing) && err != io.EOF {
			require.NoError(t, err)
		}
	}
	for _, err := range m.Objects(t.Context(), store, nil) {
		typed(err)
	}
	for d, err := range Diff(t.Context(), store, m, store, m) {
		typed(err)
		require.Equal(t, Difference{}, d)
	}
	ids := map[uint64]ID{0: someID(1), 2: someID(5), 17: someID(6), 30: someID(2)}
	_, b := made(t, store, Shape{Version: 3, Hash: m.Hash, BlockSize: m.BlockSize}.sized(40), ids)
	other := opened(t, b)
	for _, pair := range [][2]*Map{{m, other}, {other, m}} {
		for d, err := range Diff(t.Context(), store, pair[0], store, pair[1]) {
			typed(err)
			require.True(t, err != nil || d.A != d.B)
		}
	}
	for _, err := range Diff(t.Context(), store, other, store, m) {
		typed(err)
		break // what has enough after the first ends the walk
	}
	for _, err := range m.Objects(t.Context(), store, func(Object) bool { return true }) {
		typed(err)
		break
	}
	r, err := NewReader(t.Context(), store, m)
	if err != nil {
		typed(err)
		return
	}
	require.Equal(t, m.Size, r.Size())
	for _, off := range []units.Bytes{0, 17 * m.BlockSize, m.Size / 2, max(m.Size, 1) - 1, m.Size} {
		_, err := r.ReadAt(make([]byte, 10), int64(off))
		typed(err)
	}
	_, err = r.ReadAt(nil, -1)
	require.ErrorIs(t, err, fs.ErrInvalid)
}

// FuzzOpen reads a map's own bytes: of what is taken, writing gives the same again.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(magicV3))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := Open(bytes.NewReader(b), int64(len(b))); err == nil {
			walked(t, newMemory(), m)
		}
		b = closed(b)
		m, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		walked(t, newMemory(), m)
		if m.Version == 4 {
			attributes, err := appendAttributes(nil, m.Attributes)
			require.NoError(t, err)
			require.Equal(t, b, append(m.appendHeader(nil), attributes...))
			return
		}
		var out bytes.Buffer
		w, err := NewWriter(&out, nil, Spec{m.Shape, m.Attributes})
		require.NoError(t, err)
		for e, err := range m.Entries(t.Context(), nil) {
			if err != nil {
				require.ErrorIs(t, err, ErrCorrupt)
				return
			}
			require.NoError(t, w.Add(t.Context(), e.Index, e.ID))
		}
		_, err = w.Finish(t.Context())
		require.NoError(t, err)
		require.Equal(t, b, out.Bytes())
	})
}

// FuzzNode reads the bytes of a node.
func FuzzNode(f *testing.F) {
	f.Add(byte(4), byte(0), uint16(16), []byte(magicNode))
	f.Fuzz(func(t *testing.T, shift, level byte, limit uint16, b []byte) {
		n := &node{level: int(level % 12), ids: make([]ID, 16<<(shift%7))}
		if fault := parseNode(n, b, uint64(limit)); fault != nil {
			require.ErrorIs(t, fault.in("node", ID{}, 0, 0), ErrCorrupt)
			return
		}
		require.Equal(t, b, appendNode(nil, n))
		require.False(t, n.empty())
	})
}

// FuzzPage reads the bytes of a page of a flat v4 map.
func FuzzPage(f *testing.F) {
	f.Add(uint64(1), []byte(magicPage))
	f.Fuzz(func(t *testing.T, blocks uint64, b []byte) {
		ids := make([]ID, pageWidth)
		blocks = max(1, blocks%(1<<47))
		number, before, fault := parsePage(ids, b, blocks)
		if fault == nil {
			require.Less(t, number, (blocks+pageWidth-1)/pageWidth)
			require.Equal(t, b, appendPage(nil, number, before, ids))
		}
	})
}

// FuzzTree changes one node of a tree or page of a chain, makes the ids above it right again, and reads,
// compares, updates and resizes what comes of it: an error or a sound map, in bounded time.
func FuzzTree(f *testing.F) {
	for i, at := range []uint16{0, 4, 5, 7, 8, 15, 16, 17, 18, 60} {
		for _, which := range []byte{0, 1, 2} {
			f.Add(byte(i), which, at, uint64(3)<<56, uint16(300+i))
		}
	}
	f.Fuzz(func(t *testing.T, shape, which byte, at uint16, value uint64, size uint16) {
		all := shapes()
		names := []string{"tree 16", "v4", "tree 32", "tree blake3"}
		s := all[names[int(shape)%len(names)]].sized(300 + uint64(shape>>4)*pageWidth)
		store := newMemory()
		content := bytes.Repeat([]byte{7}, int(MinBlockSize))
		require.NoError(t, store.Put(t.Context(), Block, s.Hash.BlockID(content), content))
		sound, _ := made(t, store, s, map[uint64]ID{0: s.Hash.BlockID(content), 1: someID(2), 17: s.Hash.BlockID(content), 299: someID(4), s.Blocks() - 1: someID(5)})
		h := sound.Header
		path := []ID{h.Body} // from the root to the node that is changed
		for level := h.Height() - 1; level > 0; level-- {
			n := &node{level: level, ids: make([]ID, s.Degree)}
			require.NoError(t, newTreeReader(t.Context(), store, s).load(n, 0, path[len(path)-1]))
			path = append(path, n.ids[0])
		}
		path = path[:1+int(which)%len(path)]
		changed := bytes.Clone(store.objects[objectName{Node, path[len(path)-1]}])
		var v [8]byte
		binary.BigEndian.PutUint64(v[:], value)
		for i := range v {
			changed[(int(at)+i)%len(changed)] ^= v[i]
		}
		for i := len(path) - 1; ; i-- {
			id := h.Hash.Sum(changed)
			require.NoError(t, store.Put(t.Context(), Node, id, changed))
			if i == 0 {
				h.Body = id
				break
			}
			changed = bytes.ReplaceAll(bytes.Clone(store.objects[objectName{Node, path[i-1]}]), path[i][:], id[:])
		}
		m := opened(t, append(h.appendHeader(nil), noAttributes()...))
		broken := failure(t, store, m)
		walked(t, store, m)
		for _, err := range Diff(t.Context(), store, sound, store, m) {
			if err != nil {
				require.Error(t, broken)
			}
		}
		spec := Spec{Shape: s.sized(uint64(size))}
		var out bytes.Buffer
		if _, err := Update(t.Context(), &out, store, m, spec, changesOf(map[uint64]ID{0: {}})); err != nil && size > 0 {
			require.Error(t, broken)
		}
		if broken == nil && size > 0 {
			entriesOf(t, store, opened(t, out.Bytes()))
		}
	})
}

// TestSeeds compares the committed seeds with what makes them: what is sound, and one
// of each kind of lie.
func TestSeeds(t *testing.T) {
	seeds := map[string]string{}
	add := func(target, name, format string, args ...any) {
		seeds[filepath.Join("testdata/fuzz", target, name)] = "go test fuzz v1\n" + fmt.Sprintf(format, args...)
	}
	for i, v := range vectors(t) {
		if v.Hash != SHA256 || v.Degree > 32 {
			continue
		}
		store := newMemory()
		entries := map[uint64]ID{}
		for _, b := range v.Blocks {
			entries[b.Index], _ = ParseID(b.ID)
		}
		_, b := made(t, store, v.spec().Shape, entries)
		add("FuzzOpen", fmt.Sprintf("sound%02d", i), "[]byte(%q)\n", b)
		for _, at := range []int{3, 5, 7, 8, 9, 10, 11, 15, 16, 23, 24, 31, 33, 35, 44, len(b) - 48, len(b) - 40, len(b) - 33} {
			lie := bytes.Clone(b)
			if i < 4 && at < len(lie) && at >= 0 {
				lie[at] ^= 1
				add("FuzzOpen", fmt.Sprintf("sound%02d-%d", i, at), "[]byte(%q)\n", lie)
			}
		}
	}
	for _, name := range []string{"v3", "v4", "tree 16"} {
		_, sound := made(t, newMemory(), shapes()[name].sized(300), map[uint64]ID{0: someID(1)})
		for _, at := range []int{9, 10, 11, 16, 24, 31, 32} {
			for _, value := range []byte{0, 3, 0x80, 0xff} {
				lie := bytes.Clone(sound)
				lie[at] = value
				add("FuzzOpen", fmt.Sprintf("lie-%s-%d-%d", strings.ReplaceAll(name, " ", ""), at, value), "[]byte(%q)\n", lie)
			}
		}
		store := newMemory()
		_, b := made(t, store, shapes()[name].sized(20000), map[uint64]ID{0: someID(1), 9000: someID(2), 19999: someID(1)})
		for _, length := range []int{10, 40, 66, 70, len(b) - 1, len(b) - 50, len(b)} {
			if length > 0 && length <= len(b) {
				add("FuzzOpen", fmt.Sprintf("cut-%s-%d", strings.ReplaceAll(name, " ", ""), length), "[]byte(%q)\n", b[:length])
			}
		}
		if name == "v3" {
			end := len(b) - endSize
			page := headerSize3 + 8 // behind no attributes
			for what, lie := range map[string][]byte{
				"twice": slices.Concat(b[:end], b[page:]), "longer": slices.Concat(b[:end], b[end:], b[end:]), "backwards": slices.Concat(b[:page], b[page+8+pageWidth/8+IDSize:end], b[page:]),
				"nopages": slices.Concat(b[:page], b[end:]), "halfpage": slices.Concat(b[:page+20], b[end:]), "digest": append(b[:len(b)-1:len(b)-1], b[len(b)-1]^1),
			} {
				add("FuzzOpen", "v3-"+what, "[]byte(%q)\n", lie)
			}
		}
	}
	attributes, err := appendAttributes(nil, []Attribute{{"a", "b"}, {"c", "d"}})
	require.NoError(t, err)
	h := Header{Shape: shapes()["v4"].sized(1)}
	for _, at := range []int{-1, 0, 2, 3, 4, 6, 7, 8, 9, 11} {
		lie := bytes.Clone(attributes)
		if at >= 0 {
			lie[at] ^= 0x7
		}
		add("FuzzOpen", fmt.Sprintf("attributes%d", at), "[]byte(%q)\n", append(h.appendHeader(nil), lie...))
	}
	leaf := appendNode(nil, &node{blocks: 1, ids: append([]ID{someID(1)}, make([]ID, 15)...)})
	page := appendPage(nil, 0, ID{}, append([]ID{someID(1)}, make([]ID, pageWidth-1)...))
	add("FuzzNode", "sound", "byte(%q)\nbyte(%q)\nuint16(16)\n[]byte(%q)\n", rune(0), rune(0), leaf)
	add("FuzzPage", "sound", "uint64(1)\n[]byte(%q)\n", page)
	add("FuzzNode", "zero", "byte(%q)\nbyte(%q)\nuint16(16)\n[]byte(%q)\n", rune(0), rune(0), zeroed(bytes.Clone(leaf)))
	add("FuzzPage", "zero", "uint64(1)\n[]byte(%q)\n", zeroed(bytes.Clone(page)))
	add("FuzzPage", "short", "uint64(1)\n[]byte(%q)\n", page[:60])
	for _, at := range []int{0, 4, 5, 6, 7, 8, 15, 16, 17} {
		lie := bytes.Clone(leaf)
		lie[at] ^= 2
		add("FuzzNode", fmt.Sprint("lie", at), "byte(%q)\nbyte(%q)\nuint16(16)\n[]byte(%q)\n", rune(0), rune(0), lie)
	}
	for _, at := range []int{0, 11, 43, 44, 45} {
		lie := bytes.Clone(page)
		lie[at] ^= 2
		add("FuzzPage", fmt.Sprint("lie", at), "uint64(1)\n[]byte(%q)\n", lie)
	}
	add("FuzzTree", "sound", "byte(%q)\nbyte(%q)\nuint16(0)\nuint64(0)\nuint16(300)\n", rune(0), rune(0))
	for at := range 4 {
		add("FuzzTree", fmt.Sprint("chain", at), "byte(%q)\nbyte(%q)\nuint16(%d)\nuint64(%d)\nuint16(300)\n", rune(0x21), rune(0), 8+16*at, uint64(1)<<(8*at))
	}
	add("FuzzTree", "shrunk", "byte(%q)\nbyte(%q)\nuint16(8)\nuint64(1)\nuint16(18)\n", rune(0), rune(2))
	for name, text := range seeds {
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
			require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
		}
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, text, string(got), name)
	}
}
