package maps

import (
	"context"
	"fmt"
	"io"
)

// subtree is a tree of base below a place of the new one. Where the new tree is higher,
// base's root is lower than its place: what is between has it as first and only child.
type subtree struct {
	id     ID
	level  int
	blocks uint64 // known where level is below that of the place
}

// below is the subtree of a child of a node with these ids, which stands for t at that level.
func (t subtree) below(level, child int, id ID) subtree {
	switch {
	case t.level == level:
		return subtree{id: id, level: level - 1}
	case child == 0:
		return t
	}
	return subtree{level: level - 1}
}

// treeUpdate writes a new tree beside that of base.
type treeUpdate struct {
	old    *treeReader
	store  Store
	shape  Shape
	levels []node
	spare  node // for counts of what is cut off
	queue  *changeQueue
	buf    []byte
}

func updateTree(ctx context.Context, dst io.Writer, store Store, base Header, spec Spec, c *changeQueue) (Header, error) {
	attributes, err := appendAttributes(nil, spec.Attributes)
	if err != nil {
		return Header{}, err
	}
	u := &treeUpdate{
		old: newTreeReader(ctx, store, base.Shape), store: store, shape: spec.Shape,
		levels: newLevels(max(base.Height(), spec.Height()), spec.Degree),
		spare:  node{ids: make([]ID, spec.Degree)}, queue: c,
	}
	t := subtree{base.Body, base.Height() - 1, base.NonZero}
	for t.level >= spec.Height() { // what is cut off needs not be read
		n := &u.levels[t.level]
		if !t.id.IsZero() {
			if err := u.old.load(n, 0, t.id); err != nil {
				return Header{}, err
			}
			t.id = n.ids[0]
		}
		t.level--
	}
	id, before, blocks, err := u.node(spec.Height()-1, 0, t)
	if err != nil {
		return Header{}, err
	}
	if base.Height() <= spec.Height() && before != base.NonZero {
		return Header{}, fault("blocks that are not zero", before, base.NonZero).in("header", ID{}, 0, 0)
	}
	h := Header{Shape: spec.Shape, NonZero: blocks, Body: id}
	return h, writeHeader(dst, h, attributes)
}

// node makes the pos-th node of a level, of what was there and the changes below it.
// It returns the new node's id, and how many blocks are below the old and the new one.
func (u *treeUpdate) node(level int, pos uint64, t subtree) (id ID, before, after uint64, err error) {
	n := &u.levels[level]
	if before, err = u.fill(n, pos, t); err != nil {
		return ID{}, 0, 0, err
	}
	n.blocks = before
	changed := t.level < level && !t.id.IsZero()
	if cut, err := u.cut(n, pos); err != nil {
		return ID{}, 0, 0, err
	} else if cut {
		changed = true
	}
	first, span := u.shape.first(level, pos), u.shape.span(level)
	// Children that change though nothing of theirs does: the one with base's root
	// somewhere below, and the one that the new end is in.
	if !t.id.IsZero() && t.level < level-1 {
		if _, err := u.child(n, pos, 0, t); err != nil {
			return ID{}, 0, 0, err
		}
	}
	edge := u.edge(n, pos)
	for u.queue.more && (u.queue.head.Index-first)/span < uint64(len(n.ids)) {
		i := int((u.queue.head.Index - first) / span)
		if i == edge {
			edge = -1
		}
		c, err := u.child(n, pos, i, t)
		if err != nil {
			return ID{}, 0, 0, err
		}
		changed = changed || c
	}
	if edge >= 0 {
		c, err := u.child(n, pos, edge, t)
		if err != nil {
			return ID{}, 0, 0, err
		}
		changed = changed || c
	}
	if !changed {
		return t.id, before, n.blocks, nil
	}
	if err := u.counted(n, first, t.id); err != nil {
		return ID{}, 0, 0, err
	}
	if n.empty() {
		return ID{}, before, 0, nil
	}
	u.buf = appendNode(u.buf[:0], n)
	id, err = put(u.old.ctx, u.store, u.shape.Hash, first, u.buf)
	return id, before, n.blocks, err
}

// counted refuses a new node with a count that cannot be: then one of the old counts lies,
// which are not all looked at.
func (u *treeUpdate) counted(n *node, first uint64, old ID) error {
	children := uint64(0)
	for i := range n.ids {
		children += exists(n.ids[i])
	}
	room := min(u.shape.span(n.level)*children, u.shape.Blocks()-min(first, u.shape.Blocks()))
	if n.blocks < children || n.blocks > room {
		return fault("blocks below", fmt.Sprintf("what leaves %d to %d", children, room), n.blocks).in("node", old, first, 0)
	}
	return nil
}

// fill makes n what was there, and returns how many blocks were below.
func (u *treeUpdate) fill(n *node, pos uint64, t subtree) (blocks uint64, err error) {
	if !t.id.IsZero() && t.level == n.level {
		err = u.old.load(n, pos, t.id)
		return n.blocks, err
	}
	clear(n.ids)
	if t.id.IsZero() {
		return 0, nil
	}
	n.ids[0] = t.id // or what becomes of it
	return t.blocks, nil
}

// child makes the i-th child of n anew, and reports whether it is another one.
func (u *treeUpdate) child(n *node, pos uint64, i int, t subtree) (bool, error) {
	old := n.ids[i]
	var before, after uint64
	var err error
	if n.level == 0 {
		before, after = exists(old), exists(u.queue.head.ID)
		n.ids[i] = u.queue.head.ID
		err = u.queue.advance()
	} else {
		n.ids[i], before, after, err = u.node(n.level-1, pos*uint64(len(n.ids))+uint64(i), t.below(n.level, i, old))
	}
	n.blocks += after - before
	return n.ids[i] != old, err
}

func exists(id ID) uint64 {
	if id.IsZero() {
		return 0
	}
	return 1
}

// cut takes children out of n that are behind the new end.
func (u *treeUpdate) cut(n *node, pos uint64) (cut bool, err error) {
	first, span := u.shape.first(n.level, pos), u.shape.span(n.level)
	for i := range n.ids {
		if at := first + uint64(i)*span; n.ids[i].IsZero() || at < u.shape.Blocks() {
			continue
		}
		gone := uint64(1)
		if n.level > 0 {
			u.spare.level = n.level - 1
			if err := u.old.load(&u.spare, pos*uint64(len(n.ids))+uint64(i), n.ids[i]); err != nil {
				return false, err
			}
			gone = u.spare.blocks
		}
		n.ids[i], cut = ID{}, true
		n.blocks -= gone
	}
	return cut, nil
}

// edge is the child of n that the volume's new end cuts in two, so that it must be
// looked into, or -1. It is none where the volume does not shrink.
func (u *treeUpdate) edge(n *node, pos uint64) int {
	blocks := u.shape.Blocks()
	first, span := u.shape.first(n.level, pos), u.shape.span(n.level)
	if n.level == 0 || blocks >= u.old.shape.Blocks() || blocks <= first {
		return -1
	}
	if i := (blocks - 1 - first) / span; i < uint64(len(n.ids)) && (blocks-first)%span != 0 && !n.ids[i].IsZero() {
		return int(i)
	}
	return -1
}
