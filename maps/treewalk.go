package maps

import "context"

// treeWalk goes through all leaves in order, with one node for each level.
type treeWalk struct {
	*treeReader
	levels []node
	each   func(first uint64, ids []ID) error
}

// newLevels are nodes for each level of a tree.
func newLevels(height, degree int) []node {
	all := make([]node, height)
	for level := range all {
		all[level] = node{level: level, ids: make([]ID, degree)}
	}
	return all
}

func walkTree(ctx context.Context, store Getter, h Header, each func(uint64, []ID) error) error {
	if h.Body.IsZero() {
		return nil
	}
	w := treeWalk{newTreeReader(ctx, store, h.Shape), newLevels(h.Height(), h.Degree), each}
	total, err := w.below(h.Height()-1, 0, h.Body)
	if err == nil && total != h.NonZero {
		return fault("blocks that are not zero", total, h.NonZero).in("header", ID{}, 0, 0)
	}
	return err
}

// below walks one node, and returns how many blocks it has.
func (w *treeWalk) below(level int, pos uint64, id ID) (blocks uint64, err error) {
	n := &w.levels[level]
	if err := w.load(n, pos, id); err != nil {
		return 0, err
	}
	first, claimed := w.shape.first(level, pos), n.blocks
	if level == 0 {
		return claimed, w.each(first, n.ids)
	}
	for i := range n.ids {
		if n.ids[i].IsZero() {
			continue
		}
		found, err := w.below(level-1, pos*uint64(len(n.ids))+uint64(i), n.ids[i])
		if err != nil {
			return 0, err
		}
		blocks += found
	}
	if blocks != claimed {
		return 0, fault("blocks below", blocks, claimed).in("node", id, first, 0)
	}
	return blocks, nil
}
