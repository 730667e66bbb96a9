package metadata

import "encoding/binary"

// treeWriter makes a btree of entries that come in ascending order. Nodes
// are written full and as soon as they are, so that it holds less than two nodes
// a level. The last two of a level share what is left, so that none but a root
// is less than half full: the kernel wants a third.
type treeWriter struct {
	out       *blockWriter
	valueSize int // of the leaves
	levels    []*treeLevel
	held      *heldLeaf // comes after all that was written and before what was not; see adopt
}

// treeLevel is what is not yet written of one level, the leaves being level 0.
type treeLevel struct {
	valueSize int
	max       int // entries of a full node
	written   uint64
	keys      []uint64
	values    []byte
}

func newTreeWriter(out *blockWriter, valueSize int) *treeWriter {
	return &treeWriter{out: out, valueSize: valueSize}
}

// level returns level i, which is made if it is the next.
func (t *treeWriter) level(i int) *treeLevel {
	if i == len(t.levels) {
		size := keySize // a block number
		if i == 0 {
			size = t.valueSize
		}
		t.levels = append(t.levels, &treeLevel{valueSize: size, max: maxEntries(size)})
	}
	return t.levels[i]
}

// add adds an entry whose key is above all before.
func (t *treeWriter) add(key uint64, value []byte) {
	l := t.level(0)
	l.keys = append(l.keys, key)
	l.values = append(l.values, value...)
	if len(l.keys) == 2*l.max {
		t.write(0, l.max)
	}
}

// add64 is add for a value of 64 bits.
func (t *treeWriter) add64(key, value uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], value)
	t.add(key, b[:])
}

// write makes a node of the first n entries of level i.
func (t *treeWriter) write(i, n int) {
	if i == 0 {
		t.release()
	}
	l := t.levels[i]
	key, at := l.keys[0], t.node(i, n)
	l.keys = append(l.keys[:0], l.keys[n:]...)
	l.values = append(l.values[:0], l.values[n*l.valueSize:]...)
	t.point(i, key, at)
}

// point makes block at, whose first key is key, the next node of level i.
func (t *treeWriter) point(i int, key, at uint64) {
	t.levels[i].written++
	above := t.level(i + 1)
	above.keys = append(above.keys, key)
	above.values = binary.LittleEndian.AppendUint64(above.values, at)
	if len(above.keys) == 2*above.max {
		t.write(i+1, above.max)
	}
}

func (t *treeWriter) node(i, n int) uint64 {
	l := t.levels[i]
	return t.out.put(func(buf []byte, at uint64) []byte {
		return appendNode(buf, at, i == 0, l.valueSize, l.keys[:n], l.values[:n*l.valueSize])
	})
}

// drain writes all of level i, in one node or two.
func (t *treeWriter) drain(i int) {
	l := t.levels[i]
	if n := len(l.keys); n > l.max {
		t.write(i, (n+1)/2)
	}
	if n := len(l.keys); n > 0 {
		t.write(i, n)
	}
}

// finish writes what is left, returns the root, and is ready for the next tree.
func (t *treeWriter) finish() (root uint64) {
	root, ok := t.finishHeld()
	for i := 0; !ok; i++ {
		l := t.level(i)
		if n := len(l.keys); l.written == 0 && n <= l.max {
			root = t.node(i, n)
			break
		}
		t.drain(i)
	}
	for _, l := range t.levels {
		l.keys, l.values, l.written = l.keys[:0], l.values[:0], 0
	}
	return root
}

// treeBlocks is how many blocks finish will have used for that many entries.
func treeBlocks(entries uint64, valueSize int) uint64 {
	nodes := max(1, ceil(entries, uint64(maxEntries(valueSize))))
	total := nodes
	for nodes > 1 {
		nodes = ceil(nodes, uint64(maxEntries(keySize)))
		total += nodes
	}
	return total
}

// ceil is n/by, rounded up.
func ceil(n, by uint64) uint64 {
	if n%by != 0 {
		return n/by + 1
	}
	return n / by
}
