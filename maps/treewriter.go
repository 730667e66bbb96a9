package maps

import "context"

// treeWriter writes a tree of ids that come in order, with one open node for each
// level.
type treeWriter struct {
	store  Putter
	shape  Shape
	levels []node
	pos    []uint64 // which node of its level is open
	used   []bool   // whether one is
	buf    []byte
}

func newTreeWriter(store Putter, s Shape) *treeWriter {
	h := s.Height()
	return &treeWriter{store: store, shape: s, levels: newLevels(h, s.Degree), pos: make([]uint64, h), used: make([]bool, h)}
}

func (w *treeWriter) add(ctx context.Context, index uint64, id ID) error {
	return w.child(ctx, 0, index, id, 1)
}

// child puts the child at a position, counted over all nodes of the level, into its node.
func (w *treeWriter) child(ctx context.Context, level int, position uint64, id ID, blocks uint64) error {
	pos := position >> w.shape.degreeShift()
	if w.used[level] && w.pos[level] != pos {
		if err := w.flush(ctx, level); err != nil {
			return err
		}
	}
	n := &w.levels[level]
	w.used[level], w.pos[level] = true, pos
	n.ids[position&uint64(w.shape.Degree-1)] = id
	n.blocks += blocks
	return nil
}

// flush writes the open node of a level into the store, and its id into the level above.
func (w *treeWriter) flush(ctx context.Context, level int) error {
	id, blocks, err := w.put(ctx, level)
	if err != nil {
		return err
	}
	return w.child(ctx, level+1, w.pos[level], id, blocks)
}

func (w *treeWriter) put(ctx context.Context, level int) (id ID, blocks uint64, err error) {
	n := &w.levels[level]
	w.buf, blocks = appendNode(w.buf[:0], n), n.blocks
	id, err = put(ctx, w.store, w.shape.Hash, w.shape.first(level, w.pos[level]), w.buf)
	clear(n.ids)
	n.blocks, w.used[level] = 0, false
	return id, blocks, err
}

func (w *treeWriter) finish(ctx context.Context) (ID, error) {
	top := len(w.levels) - 1
	for level := range top {
		if w.used[level] {
			if err := w.flush(ctx, level); err != nil {
				return ID{}, err
			}
		}
	}
	if !w.used[top] {
		return ID{}, nil
	}
	id, _, err := w.put(ctx, top)
	return id, err
}
