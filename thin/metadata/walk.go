package metadata

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// maxDepth is how many levels the kernel can hold of one tree: MAX_SPINE_DEPTH,
// persistent-data/dm-btree.c.
const maxDepth = 64

// walk is the walk of one btree at a time. Blocks are read into one buffer a
// level, so its memory is at most maxDepth blocks.
type walk struct {
	check *checker
	kind  blockKind
	// valueSize is that of the leaves.
	valueSize int
	// leaf is called with each leaf. fresh is false when the leaf was seen
	// before, through another parent.
	leaf func(ctx context.Context, n node, fresh bool) error
	// again asks for leaves that were seen before, too. Otherwise a subtree is
	// known by its first visit.
	again bool
	// scope names in a fault what hangs on the keys from first to last.
	scope func(e *CorruptError, keys Range)

	path []uint64
	bufs [][]byte
}

// tree walks the tree at root and returns the root's state. References from a
// node to its children are counted; the one to root is the caller's to count.
// Only ctx ends a walk early: faults go into the report.
func (w *walk) tree(ctx context.Context, root uint64) (blockState, error) {
	w.path = w.path[:0]
	return w.node(ctx, root, NewRange(0, ^uint64(0)))
}

// node walks the subtree at block, whose keys must lie in keys.
func (w *walk) node(ctx context.Context, block uint64, keys Range) (blockState, error) {
	if err := ctx.Err(); err != nil {
		return blockState{}, err
	}
	bad := blockState{bad: true}
	state, fresh, err := w.enter(block)
	if err == nil && !fresh && !w.again {
		if err = w.share(block, *state, keys); err == nil {
			return *state, nil
		}
	}
	var n node
	if err == nil {
		n, err = w.read(block, keys)
	}
	if err != nil {
		w.fault(err, keys)
		if fresh {
			state.bad = true
		}
		return bad, nil
	}
	w.path = append(w.path, block)
	defer func() { w.path = w.path[:len(w.path)-1] }()

	found := blockState{kind: w.kind, few: n.entries < n.max/3}
	if n.entries > 0 {
		found.first, found.last = n.key(0), n.key(n.entries-1)
	}
	if n.leaf {
		found.entries = uint32(n.entries)
		err = w.leaf(ctx, n, fresh)
	} else {
		err = w.children(ctx, n, block, keys.Last, fresh, &found)
	}
	if fresh {
		*state = found
	}
	return found, err
}

// children walks the children of n, the highest of which may hold keys up to
// last, and adds what is below to found.
func (w *walk) children(ctx context.Context, n node, block, last uint64, fresh bool, found *blockState) error {
	for i := range n.entries {
		keys := n.childKeys(i, last)
		if fresh && !w.check.reference(n.value64(i)) {
			found.bad = true
			w.fault(corrupt(block, w.kind.String(), fmt.Sprintf("child %d", i),
				"a metadata block", n.value64(i)), keys)
			continue
		}
		child, err := w.node(ctx, n.value64(i), keys)
		if err != nil {
			return err
		}
		if child.bad {
			found.bad = true
			continue
		}
		if height := child.height + 1; found.height == 0 {
			found.height = height
		} else if found.height != height {
			w.fault(corrupt(n.value64(i), w.kind.String(), "height", found.height-1, child.height), keys)
			found.bad = true
		}
		found.entries += child.entries
		found.last = child.last
	}
	return nil
}

// enter takes block as a node of this walk. fresh tells that it was not seen before.
func (w *walk) enter(block uint64) (state *blockState, fresh bool, err error) {
	record := w.kind.String()
	if block == superblockBlock || block >= w.check.limit {
		return nil, false, corrupt(block, record, "place", fmt.Sprintf("1..%d", w.check.limit-1), block)
	}
	if slices.Contains(w.path, block) {
		return nil, false, corrupt(block, record, "loop", "a child", "an ancestor")
	}
	if len(w.path) == maxDepth {
		return nil, false, corrupt(block, record, "depth", fmt.Sprintf("at most %d", maxDepth), "more")
	}
	state = w.check.states.at(block)
	switch state.kind {
	case unseen:
		state.kind = w.kind
		w.check.report.MetadataUsed++
		return state, true, nil
	case w.kind:
		return state, false, nil
	}
	return nil, false, corrupt(block, record, "kind", w.kind, state.kind)
}

// share checks a subtree that was walked before, in the place it has now.
func (w *walk) share(block uint64, s blockState, keys Range) error {
	switch record := w.kind.String(); {
	case s.bad:
		// The damage was reported for its first parent; this one loses the same.
		return corrupt(block, record, "shared subtree", "readable", "damaged")
	case s.few && len(w.path) > 0:
		return corrupt(block, record, "entries", "a third of the room", "less")
	}
	return within(block, w.kind, s, keys)
}

// read reads the node at block and checks what its place in the tree demands:
// the range and the order of its keys, and that only a root is less than a third
// full (persistent-data/dm-btree-remove.c).
func (w *walk) read(block uint64, keys Range) (node, error) {
	depth := len(w.path)
	if depth == len(w.bufs) {
		w.bufs = append(w.bufs, make([]byte, BlockSize))
	}
	record := w.kind.String()
	if err := w.check.readBlock(w.bufs[depth], block, record); err != nil {
		return node{}, err
	}
	n, err := decodeNode(w.bufs[depth], block, record, w.valueSize)
	if err != nil {
		return node{}, err
	}
	least := n.max / 3
	if depth == 0 {
		least = 0
		if !n.leaf {
			least = 1
		}
	}
	if n.entries < least {
		return node{}, corrupt(block, record, "entries", fmt.Sprintf("at least %d", least), n.entries)
	}
	return n, n.checkKeys(block, w.kind, keys)
}

// within checks the keys below block against what its parent says of them.
func within(block uint64, kind blockKind, s blockState, keys Range) error {
	if s.entries > 0 && (s.first < keys.First || s.last > keys.Last) {
		return corrupt(block, kind.String(), "keys", fmt.Sprintf("in %v", keys), NewRange(s.first, s.last))
	}
	return nil
}

// fault reports err, which loses the keys from keys.First to keys.Last.
func (w *walk) fault(err error, keys Range) {
	var c *CorruptError
	if !errors.As(err, &c) {
		panic("metadata: fault that is no CorruptError: " + err.Error())
	}
	if w.scope != nil {
		w.scope(c, keys)
	}
	w.check.report.fault(c)
}

// block is the node that is being visited.
func (w *walk) block() uint64 { return w.path[len(w.path)-1] }
