package maps

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// rootIn is the map whose body is an object that is put into a store.
func rootIn(t testing.TB, store *memory, h Header, object []byte) *Map {
	h.Body = h.Hash.Sum(object)
	require.NoError(t, store.Put(t.Context(), Node, h.Body, object))
	return opened(t, append(h.appendHeader(nil), noAttributes()...))
}

func noAttributes() []byte {
	b, _ := appendAttributes(nil, nil)
	return b
}

// sealed puts the checksum of a header right.
func sealed(b []byte) []byte {
	n := headerSize3
	if b[3] == '4' {
		n = headerSize4
	}
	binary.BigEndian.PutUint32(b[n-4:], checksum(b[:n-4]))
	return b
}

func TestHeadersThatLie(t *testing.T) {
	_, v3 := made(t, newMemory(), shapes()["v3"].sized(100), map[uint64]ID{1: someID(1)})
	_, v4 := made(t, newMemory(), shapes()["tree 16"].sized(100), map[uint64]ID{1: someID(1)})
	be := binary.BigEndian
	for _, test := range []struct {
		name string
		lie  func(b []byte)
		want error
		only string // "3" or "4", or both
	}{
		{"magic", func(b []byte) { b[0] = 'X' }, ErrCorrupt, ""},
		{"a later version", func(b []byte) { b[3], b[5] = '5', 5 }, errors.ErrUnsupported, ""},
		{"an earlier version", func(b []byte) { b[3], b[5] = '2', 2 }, ErrCorrupt, ""},
		{"version", func(b []byte) { b[5] ^= 7 }, ErrCorrupt, ""},
		{"length", func(b []byte) { b[7]++ }, ErrCorrupt, ""},
		{"hash", func(b []byte) { b[8] = 3 }, errors.ErrUnsupported, ""},
		{"small blocks", func(b []byte) { b[9] = 15 }, ErrCorrupt, ""},
		{"large blocks", func(b []byte) { b[9] = 25 }, ErrCorrupt, ""},
		{"degree", func(b []byte) { b[10] = 11 }, ErrCorrupt, ""},
		{"degree", func(b []byte) { b[10] = 3 }, ErrCorrupt, ""},
		{"height", func(b []byte) { b[11]++ }, ErrCorrupt, ""},
		{"flags", func(b []byte) { b[12] = 1 }, errors.ErrUnsupported, ""},
		{"flags", func(b []byte) { b[15] = 0 }, errors.ErrUnsupported, ""},
		{"2^60 blocks", func(b []byte) { b[16] = 0xff }, ErrCorrupt, ""},
		{"more blocks than there are", func(b []byte) { be.PutUint64(b[24:], 101) }, ErrCorrupt, "4"},
		{"no blocks", func(b []byte) { be.PutUint64(b[24:], 0) }, ErrCorrupt, "4"},
		{"no body", func(b []byte) { clear(b[32:64]) }, ErrCorrupt, "4"},
		{"attributes", func(b []byte) { b[headerSize4+3]++ }, ErrCorrupt, "4"},
		{"many attributes", func(b []byte) { b[headerSize4] = 0xff }, ErrCorrupt, "4"},
	} {
		for version, sound := range map[string][]byte{"3": v3, "4": v4} {
			if test.only != "" && test.only != version {
				continue
			}
			b := bytes.Clone(sound)
			test.lie(b)
			_, err := Open(bytes.NewReader(b), int64(len(b)))
			require.Error(t, err, test.name) // by the checksum alone
			b = sealed(b)
			_, err = Open(bytes.NewReader(b), int64(len(b)))
			require.ErrorIs(t, err, test.want, test.name)
		}
	}
}

// No bit of a map's own bytes, or of what its ids lead to, can be another one.
func TestFlippedAndShort(t *testing.T) {
	for name, s := range shapes() {
		store := newMemory()
		_, b := made(t, store, s.sized(9000), map[uint64]ID{1: someID(1), 8999: someID(2)})
		read := func(b []byte) error {
			m, err := Open(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				return err
			}
			return failure(t, store, m)
		}
		require.NoError(t, read(b))
		for i := range b {
			b[i] ^= 1 << (i % 8)
			err := read(b)
			// What a flipped id leads to is missing.
			require.True(t, errors.Is(err, ErrCorrupt) || errors.Is(err, errors.ErrUnsupported), "%s: byte %d: %v", name, i, err)
			b[i] ^= 1 << (i % 8)
			require.ErrorIs(t, read(b[:i]), ErrCorrupt, "%s: cut at %d", name, i)
		}
		require.ErrorIs(t, read(append(bytes.Clone(b), 0)), ErrCorrupt, name)
		for _, data := range store.objects {
			for _, i := range []int{0, 5, 20, len(data) - 1} {
				data[i] ^= 4
				require.ErrorIs(t, read(b), ErrCorrupt, name)
				data[i] ^= 4
			}
		}
		for object, data := range store.objects {
			delete(store.objects, object)
			err := read(b)
			require.ErrorIs(t, err, ErrMissing, name)
			var where *ObjectError
			require.ErrorAs(t, err, &where)
			require.Equal(t, object.id, where.ID)
			store.objects[object] = append(bytes.Clone(data), make([]byte, 1<<20)...)
			require.ErrorIs(t, read(b), ErrCorrupt, name)
			store.objects[object] = data
		}
	}
}

// Nodes with ids that are right, and contents that are not.
func TestNodesThatLie(t *testing.T) {
	leaf := func() *node { return &node{blocks: 1, ids: append([]ID{someID(1)}, make([]ID, 15)...)} }
	bytesOf := func(n *node, change func([]byte) []byte) []byte {
		b := appendNode(nil, n)
		if change != nil {
			b = change(b)
		}
		return b
	}
	at := func(i int, v byte) func([]byte) []byte {
		return func(b []byte) []byte { b[i] = v; return b }
	}
	for _, test := range []struct {
		name  string
		child []byte // of a root with one child, in a volume of 20 blocks
		what  string
	}{
		{"magic", bytesOf(leaf(), at(0, 'X')), "magic"},
		{"level", bytesOf(&node{level: 1, blocks: 1, ids: leaf().ids}, nil), "level"},
		{"degree", bytesOf(leaf(), at(5, 5)), "degree"},
		{"children", bytesOf(leaf(), at(7, 2)), "children"},
		{"blocks", bytesOf(leaf(), at(15, 2)), "blocks below"},
		{"no blocks", bytesOf(leaf(), at(15, 0)), "blocks below"},
		{"bitmap", bytesOf(leaf(), func(b []byte) []byte { b[7], b[15], b[16] = 2, 2, 3; return b }), "length"},
		{"longer", bytesOf(leaf(), func(b []byte) []byte { return append(b, 0) }), "length"},
		{"short", bytesOf(leaf(), func(b []byte) []byte { return b[:len(b)-1] }), "length"},
		{"no bitmap", bytesOf(leaf(), func(b []byte) []byte { return b[:17] }), "length"},
		{"empty", bytesOf(&node{ids: make([]ID, 16)}, nil), "ids"},
		{"zero id", bytesOf(leaf(), func(b []byte) []byte { clear(b[18:]); return b }), "id"},
	} {
		store := newMemory()
		child := SHA256.Sum(test.child)
		require.NoError(t, store.Put(t.Context(), Node, child, test.child))
		root := &node{level: 1, blocks: 1, ids: make([]ID, 16)}
		root.ids[0] = child
		h := Header{Shape: shapes()["tree 16"].sized(20), NonZero: 1}
		err := failure(t, store, rootIn(t, store, h, appendNode(nil, root)))
		var corrupt *CorruptError
		require.ErrorAs(t, err, &corrupt, test.name)
		require.Equal(t, test.what, corrupt.What, test.name)
		require.Equal(t, child, corrupt.ID, test.name)
		require.NotEmpty(t, err.Error())
	}
}

func TestTreesThatLie(t *testing.T) {
	h := Header{Shape: shapes()["tree 16"].sized(20), NonZero: 1}
	store := newMemory()
	leaf := appendNode(nil, &node{blocks: 1, ids: append([]ID{someID(1)}, make([]ID, 15)...)})
	id := SHA256.Sum(leaf)
	require.NoError(t, store.Put(t.Context(), Node, id, leaf))
	root := func(level int, blocks uint64, places ...int) *Map {
		n := &node{level: level, blocks: blocks, ids: make([]ID, 16)}
		for _, i := range places {
			n.ids[i] = id
		}
		return rootIn(t, store, h, appendNode(nil, n))
	}
	require.NoError(t, failure(t, store, root(1, 1, 0)))
	require.ErrorIs(t, failure(t, store, root(1, 2, 0)), ErrCorrupt, "count of the root")
	require.ErrorIs(t, failure(t, store, root(1, 21, 0)), ErrCorrupt, "count above what there is room for")
	require.ErrorIs(t, failure(t, store, root(1, 1, 2)), ErrCorrupt, "behind the end")
	require.ErrorIs(t, failure(t, store, root(0, 1, 0)), ErrCorrupt, "leaf as root")
	h.NonZero = 2
	require.ErrorIs(t, failure(t, store, root(1, 1, 0)), ErrCorrupt, "count of the header")
	// An update does not look at all counts, and writes none that cannot be.
	update := func(m *Map, blocks uint64, changes map[uint64]ID) error {
		_, err := Update(t.Context(), &bytes.Buffer{}, store, m, Spec{Shape: m.sized(blocks)}, changesOf(changes))
		return err
	}
	require.ErrorIs(t, update(root(1, 1, 0), 20, map[uint64]ID{1: someID(1)}), ErrCorrupt, "count of the header")
	require.ErrorIs(t, update(root(1, 2, 0), 20, map[uint64]ID{0: {}}), ErrCorrupt, "a count where nothing is left")
	require.ErrorIs(t, update(root(1, 21, 0), 20, nil), ErrCorrupt, "count above what there is room for")
	// The leaf is of 16 blocks, of which the second has 4.
	h.NonZero = 1
	far := appendNode(nil, &node{blocks: 1, ids: append(make([]ID, 15), someID(1))})
	id = SHA256.Sum(far)
	require.NoError(t, store.Put(t.Context(), Node, id, far))
	require.ErrorIs(t, failure(t, store, root(1, 1, 1)), ErrCorrupt, "block behind the end")
}

func TestPagesThatLie(t *testing.T) {
	h := Header{Shape: shapes()["v4"].sized(3 * pageWidth), NonZero: 2}
	ids := append([]ID{someID(1)}, make([]ID, pageWidth-1)...)
	store := newMemory()
	chain := func(numbers ...uint64) *Map {
		var before ID
		var b []byte
		for _, n := range numbers {
			b = appendPage(nil, n, before, ids)
			before = SHA256.Sum(b)
			require.NoError(t, store.Put(t.Context(), Node, before, b))
		}
		return rootIn(t, store, h, b)
	}
	require.NoError(t, failure(t, store, chain(0, 2)))
	require.ErrorIs(t, failure(t, store, chain(0, 3)), ErrCorrupt, "behind the end")
	require.ErrorIs(t, failure(t, store, chain(2, 1)), ErrCorrupt, "order")
	require.ErrorIs(t, failure(t, store, chain(1, 1)), ErrCorrupt, "twice")
	require.ErrorIs(t, failure(t, store, chain(1, 0)), ErrCorrupt, "before the first")
	require.ErrorIs(t, failure(t, store, chain(1, 2, 1)), ErrCorrupt, "count")
	require.ErrorIs(t, failure(t, store, chain(1)), ErrCorrupt, "count")
	for name, b := range map[string][]byte{
		"short":   []byte(magicPage),
		"magic":   append([]byte("RKP5"), appendPage(nil, 0, ID{}, ids)[4:]...),
		"empty":   appendPage(nil, 0, ID{}, make([]ID, pageWidth)),
		"before":  appendPage(nil, 0, someID(9), ids),
		"zero id": zeroed(appendPage(nil, 0, ID{}, ids)),
	} {
		require.ErrorIs(t, failure(t, store, rootIn(t, store, h, b)), ErrCorrupt, name)
	}
}

// Pages of a v3 map whose digest is right, and whose order or counts are not.
func TestV3ThatLies(t *testing.T) {
	s := shapes()["v3"].sized(3*pageWidth - 1)
	be := binary.BigEndian
	file := func(count uint64, pages ...[]byte) []byte {
		b := append(Header{Shape: s}.appendHeader(nil), noAttributes()...)
		for _, p := range pages {
			b = append(b, p...)
		}
		b = be.AppendUint64(be.AppendUint64(b, endNumber), count)
		return closed(append(b, make([]byte, IDSize)...))
	}
	page := func(number uint64, place int) []byte {
		ids := make([]ID, pageWidth)
		ids[place] = someID(1)
		return appendGroup(be.AppendUint64(nil, number), ids)
	}
	read := func(b []byte) (string, error) {
		m, err := Open(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			err = failure(t, nil, m)
		}
		var corrupt *CorruptError
		if errors.As(err, &corrupt) {
			return corrupt.Object + ": " + corrupt.What, err
		}
		return "", err
	}
	_, err := read(file(2, page(0, 1), page(2, pageWidth-2)))
	require.NoError(t, err)
	sound := file(1, page(1, 1))
	for _, test := range []struct {
		name string
		b    []byte
		want string
	}{
		{"order", file(2, page(1, 1), page(0, 1)), "page: number"},
		{"twice", file(2, page(1, 1), page(1, 2)), "page: number"},
		{"page behind the end", file(1, page(3, 1)), "page: number"},
		{"place behind the end", file(1, page(2, pageWidth-1)), "page: id behind the volume's end"},
		{"more blocks", file(1, page(1, 1), page(2, 1)), "end: blocks that are not zero"},
		{"fewer blocks", file(2, page(1, 1)), "end: blocks that are not zero"},
		{"more than there is room for", file(3*pageWidth, page(1, 1)), "end: blocks that are not zero"},
		{"empty page", file(0, appendGroup(be.AppendUint64(nil, 0), make([]ID, pageWidth))), "page: ids"},
		{"zero id", file(1, zeroed(page(0, 1))), "page: id"},
		{"two ends", append(bytes.Clone(sound), sound[len(sound)-endSize:]...), "end: length"},
		{"digest", zeroed(bytes.Clone(sound)), "end: digest"},
	} {
		what, err := read(test.b)
		require.ErrorIs(t, err, ErrCorrupt, test.name)
		require.Equal(t, test.want, what, test.name)
	}
}

// zeroed has zeros for the last id.
func zeroed(b []byte) []byte {
	clear(b[len(b)-IDSize:])
	return b
}

// liar is a store that answers each question with the same node.
type liar struct {
	data []byte
	gets int
}

func (l *liar) Get(_ context.Context, _ Kind, _ ID, dst []byte) (int, error) {
	l.gets++
	return copy(dst, l.data), nil
}

// A node that has itself as its child, a chain that bites its tail: an id that leads
// back cannot be the hash of what has it.
func TestCycles(t *testing.T) {
	root := &node{level: 2, blocks: 1, ids: make([]ID, 16)}
	root.ids[0] = someID(1)
	tree := &liar{data: appendNode(nil, root)}
	h := Header{Shape: shapes()["tree 16"].sized(4000), NonZero: 1, Body: SHA256.Sum(tree.data)}
	m := opened(t, append(h.appendHeader(nil), noAttributes()...))
	require.ErrorIs(t, failure(t, tree, m), ErrCorrupt)
	require.Equal(t, 2, tree.gets)
	_, err := Update(t.Context(), &bytes.Buffer{}, struct {
		Getter
		Putter
	}{tree, newMemory()}, m, Spec{Shape: m.Shape}, changesOf(map[uint64]ID{0: {}}))
	require.ErrorIs(t, err, ErrCorrupt)

	page := &liar{data: appendPage(nil, 5, someID(1), append([]ID{someID(1)}, make([]ID, pageWidth-1)...))}
	h = Header{Shape: shapes()["v4"].sized(1 << 30), NonZero: 1, Body: SHA256.Sum(page.data)}
	m = opened(t, append(h.appendHeader(nil), noAttributes()...))
	require.ErrorIs(t, failure(t, page, m), ErrCorrupt)
	require.Equal(t, 2, page.gets)
	_, err = NewReader(t.Context(), page, m)
	require.ErrorIs(t, err, ErrCorrupt)
}

// The largest volume that a map can claim costs no more memory than its nodes.
func TestLargestClaims(t *testing.T) {
	for name, s := range shapes() {
		s.Size = MaxSize
		store := newMemory()
		last := s.Blocks() - 1
		m, _ := made(t, store, s, map[uint64]ID{0: someID(1), last: someID(2)})
		require.Equal(t, map[uint64]ID{0: someID(1), last: someID(2)}, entriesOf(t, store, m), name)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.NoError(t, failure(t, store, m))
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20), name)
		small := m.Shape
		small.Size = MinBlockSize
		var out bytes.Buffer
		h, err := Resize(t.Context(), &out, store, m, Spec{Shape: small})
		require.NoError(t, err, name)
		require.EqualValues(t, 1, h.NonZero)
		out.Reset()
		_, err = Resize(t.Context(), &out, store, m, Spec{Shape: m.Shape})
		require.NoError(t, err)
	}
}

// A v3 map that changes while it is read.
func TestPageThatChanges(t *testing.T) {
	store := newMemory()
	_, b := made(t, store, shapes()["v3"].sized(9000), map[uint64]ID{1: someID(1), 8999: someID(2)})
	r, err := NewReader(t.Context(), store, opened(t, b))
	require.NoError(t, err)
	b[len(b)-endSize-1] ^= 1
	_, err = r.ReadAt(make([]byte, 1), 8999*int64(MinBlockSize))
	require.ErrorIs(t, err, ErrCorrupt)
}

// Errors of the reader that a map is in are not the map's.
func TestUnreadable(t *testing.T) {
	_, err := Open(failing{}, 1000)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.NotErrorIs(t, err, ErrCorrupt)
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }
