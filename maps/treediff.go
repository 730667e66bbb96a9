package maps

import "context"

// treeSide is one of two trees that are compared.
type treeSide struct {
	*treeReader
	levels []node
}

// treeDiff compares two trees of one degree.
type treeDiff struct {
	a, b treeSide
	each func(Difference) error
}

func diffTrees(ctx context.Context, storeA Getter, a Header, storeB Getter, b Header, each func(Difference) error) error {
	h := max(a.Height(), b.Height())
	d := treeDiff{
		treeSide{newTreeReader(ctx, storeA, a.Shape), newLevels(h, a.Degree)},
		treeSide{newTreeReader(ctx, storeB, b.Shape), newLevels(h, b.Degree)},
		each,
	}
	return d.node(h-1, 0, subtree{id: a.Body, level: a.Height() - 1}, subtree{id: b.Body, level: b.Height() - 1})
}

// node compares what the trees have below one place.
func (d *treeDiff) node(level int, pos uint64, a, b subtree) error {
	if a.id == b.id && (a.level == b.level || a.id.IsZero()) {
		return nil
	}
	left, err := d.a.fill(level, pos, a)
	if err != nil {
		return err
	}
	right, err := d.b.fill(level, pos, b)
	if err != nil {
		return err
	}
	for i := range left {
		at := pos*uint64(len(left)) + uint64(i)
		if level == 0 {
			if left[i] != right[i] {
				if err := d.each(Difference{at, left[i], right[i]}); err != nil {
					return err
				}
			}
			continue
		}
		if err := d.node(level-1, at, a.below(level, i, left[i]), b.below(level, i, right[i])); err != nil {
			return err
		}
	}
	return nil
}

// fill are the ids of the node at a place; those above a lower tree's root are not
// looked at but for the first.
func (s *treeSide) fill(level int, pos uint64, t subtree) ([]ID, error) {
	n := &s.levels[level]
	if t.id.IsZero() || t.level < level {
		clear(n.ids)
		return n.ids, nil
	}
	return n.ids, s.load(n, pos, t.id)
}
