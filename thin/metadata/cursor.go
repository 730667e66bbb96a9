package metadata

import (
	"errors"
	"fmt"
	"sort"
)

// cursor goes through one btree in the order of its keys. It stands at an entry of
// a leaf, or before a subtree that was not read yet, which it can enter or skip.
// Its memory is a block for each level, and at most maxDepth of them.
//
// A node's keys must lie where its parent says, and all leaves lie equally deep.
// So a node is entered a bounded number of times however pointers are bent: a
// subtree holds the one key that its parent names.
type cursor struct {
	m         *Metadata
	kind      blockKind
	valueSize int // of the leaves
	// scope names in an error what hangs on the keys; it may be nil.
	scope  func(e *CorruptError, keys Range)
	device uint64 // whose mappings these are, for scope
	reads  uint64 // blocks read

	root      uint64
	atRoot    bool    // before the root
	levels    []level // as far as they were ever used
	depth     int     // of them in use
	leafDepth int     // levels of the tree, 0 until the first leaf
}

// level is a node on the way from the root to where a cursor stands.
type level struct {
	buf  []byte
	node node
	keys Range
	at   int // the entry of node at which the cursor stands

	block  uint64
	loaded bool // buf holds block, checked against keys
}

func (m *Metadata) newCursor(root uint64, kind blockKind, valueSize int, scope func(*CorruptError, Range)) *cursor {
	return &cursor{m: m, kind: kind, valueSize: valueSize, scope: scope, root: root, atRoot: true}
}

// done reports whether the cursor is behind the last key.
func (c *cursor) done() bool { return !c.atRoot && c.depth == 0 }

// top is the deepest node that was entered.
func (c *cursor) top() *level { return &c.levels[c.depth-1] }

// inLeaf reports whether the cursor stands at an entry of a leaf: top().at.
func (c *cursor) inLeaf() bool { return c.depth > 0 && c.top().node.leaf }

// subtree is what the cursor stands before, if it is not in a leaf and not done.
func (c *cursor) subtree() (block uint64, keys Range) {
	if c.atRoot {
		return c.root, NewRange(0, ^uint64(0))
	}
	l := c.top()
	return l.node.value64(l.at), l.node.childKeys(l.at, l.keys.Last)
}

// skip goes past the entry or the subtree.
func (c *cursor) skip() {
	if c.atRoot {
		c.atRoot = false
		return
	}
	for c.depth > 0 {
		l := c.top()
		if l.at++; l.at < l.node.entries {
			return
		}
		c.depth--
	}
}

// skipNode goes past what is left of the node that was entered last.
func (c *cursor) skipNode() {
	l := c.top()
	l.at = l.node.entries - 1
	c.skip()
}

// enter reads the subtree's first node and stands at its first entry. Where it
// fails, the cursor is behind the subtree, and keys are those that are lost. A
// root without entries is passed.
func (c *cursor) enter() (lost Range, err error) {
	block, keys := c.subtree()
	l, err := c.load(block, keys)
	if err != nil {
		if e := (*CorruptError)(nil); c.scope != nil && errors.As(err, &e) {
			c.scope(e, keys)
		}
		c.skip()
		return keys, err
	}
	if l.node.entries == 0 {
		c.skip()
		return Range{}, nil
	}
	l.at = 0
	c.atRoot = false
	c.depth++
	return Range{}, nil
}

// load makes the level below the cursor hold block.
func (c *cursor) load(block uint64, keys Range) (*level, error) {
	record := c.kind.String()
	if block == superblockBlock {
		return nil, corrupt(block, record, "place", "a metadata block", block)
	}
	for i := range c.depth {
		if c.levels[i].block == block {
			return nil, corrupt(block, record, "loop", "a child", "an ancestor")
		}
	}
	if c.depth == maxDepth {
		return nil, corrupt(block, record, "depth", fmt.Sprintf("at most %d", maxDepth), "more")
	}
	if c.depth == len(c.levels) {
		c.levels = append(c.levels, level{buf: make([]byte, BlockSize)})
	}
	l := &c.levels[c.depth]
	if l.loaded && l.block == block && l.keys == keys {
		return l, c.checkDepth(l.node, block)
	}
	l.loaded, l.block, l.keys = false, block, keys
	c.reads++
	n, err := c.m.readNode(l.buf, block, c.kind, c.valueSize, keys)
	if err != nil {
		return nil, err
	}
	if err := c.checkDepth(n, block); err != nil {
		return nil, err
	}
	l.node, l.loaded = n, true
	return l, nil
}

// checkDepth checks what n's place in the tree asks of it: that leaves are equally
// deep, and that only the root has no entries.
func (c *cursor) checkDepth(n node, block uint64) error {
	levels, record := c.depth+1, c.kind.String()
	if n.entries == 0 && (c.depth > 0 || !n.leaf) {
		return corrupt(block, record, "entries", "at least 1", 0)
	}
	switch {
	case n.leaf && c.leafDepth == 0:
		c.leafDepth = levels
	case n.leaf && c.leafDepth != levels:
		return corrupt(block, record, "level of a leaf", c.leafDepth, levels)
	case !n.leaf && c.leafDepth != 0 && levels >= c.leafDepth:
		return corrupt(block, record, "level of an internal node", fmt.Sprintf("less than %d", c.leafDepth), levels)
	}
	return nil
}

// rewind goes back before the root. The nodes on the way down stay in memory.
func (c *cursor) rewind() { c.atRoot, c.depth = true, 0 }

// seek goes from the beginning to the entry with that key, and reports whether
// there is one.
func (c *cursor) seek(key uint64) (bool, error) {
	for !c.done() {
		if _, err := c.enter(); err != nil || c.done() {
			return false, err
		}
		l := c.top()
		l.at = sort.Search(l.node.entries, func(i int) bool { return l.node.key(i) > key }) - 1
		if l.at < 0 {
			return false, nil
		}
		if l.node.leaf {
			return l.node.key(l.at) == key, nil
		}
	}
	return false, nil
}
