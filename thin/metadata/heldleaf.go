package metadata

// heldLeaf is a leaf of another tree that a treeWriter takes as it is. It is
// placed when the next leaf comes: before that, its entries may have to make up for those
// behind it, which are too few for a leaf of their own.
type heldLeaf struct {
	old  uint64 // its block there
	node node
	from leafSource
}

// leafSource is whose leaves are adopted.
type leafSource interface {
	// place returns where a leaf lies, which may be where it was put before.
	place(old uint64, n node) uint64
	// merged is told that the entries of n have become part of another leaf.
	merged(n node)
}

// adopt adds the entries of n, which is block old of another tree. Its keys are
// above all before, and it is at least a third full. It becomes a leaf as it is, if
// that leaves enough for its neighbours.
func (t *treeWriter) adopt(old uint64, n node, from leafSource) {
	switch l := t.level(0); {
	case len(l.keys) == 0:
		t.release()
	case len(l.keys) >= l.max/3:
		t.drain(0)
	default:
		for i := range n.entries {
			t.add(n.key(i), n.value(i))
		}
		from.merged(n)
		return
	}
	n.block = append([]byte(nil), n.block...)
	t.held = &heldLeaf{old, n, from}
}

// release makes the held leaf the last of what was written.
func (t *treeWriter) release() {
	if h := t.held; h != nil {
		t.held = nil
		t.point(0, h.node.key(0), h.from.place(h.old, h.node))
	}
}

// finishHeld does with the held leaf what finish needs. It may be the root.
func (t *treeWriter) finishHeld() (root uint64, ok bool) {
	h := t.held
	if h == nil {
		return 0, false
	}
	l := t.level(0)
	switch n := len(l.keys); {
	case n == 0 && l.written == 0:
		t.held = nil
		return h.from.place(h.old, h.node), true
	case n == 0 || n >= l.max/3:
		t.release()
	default:
		t.held = nil
		keys, values := l.keys, l.values
		l.keys, l.values = nil, nil
		for i := range h.node.entries {
			l.keys = append(l.keys, h.node.key(i))
			l.values = append(l.values, h.node.value(i)...)
		}
		l.keys, l.values = append(l.keys, keys...), append(l.values, values...)
		h.from.merged(h.node)
	}
	return 0, false
}
