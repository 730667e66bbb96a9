package maps

import (
	"context"
	"errors"
	"iter"
	"slices"
)

// idGroup is ids side by side, from block first on. Zero ids are zeros.
type idGroup struct {
	first uint64
	ids   []ID
}

func (g *idGroup) end() uint64 { return g.first + uint64(len(g.ids)) }

// cut takes the first n ids out.
func (g *idGroup) cut(n int) []ID {
	out := g.ids[:n]
	g.first, g.ids = g.first+uint64(n), g.ids[n:]
	return out
}

// pushGroups are a map's groups in order, each valid until the next is asked for. An error is
// the last that comes.
func (m *Map) pushGroups(ctx context.Context, store Getter) iter.Seq2[idGroup, error] {
	return func(yield func(idGroup, error) bool) {
		err := m.groups(ctx, store, func(first uint64, ids []ID) error {
			if !yield(idGroup{first, ids}, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(idGroup{}, err)
		}
	}
}

// groupDiff walks two maps side by side. Groups of both may begin and end anywhere: where
// they lie on each other, they are compared as a whole.
type groupDiff struct {
	next  func() (idGroup, error, bool)
	right idGroup // the rest of b's group
	ended bool
	each  func(Difference) error
}

// diffGroups hands on the blocks in which a and b differ.
func diffGroups(a, b iter.Seq2[idGroup, error], each func(Difference) error) error {
	next, stop := iter.Pull2(b)
	defer stop()
	d := &groupDiff{next: next, each: each}
	for left, err := range a {
		if err != nil {
			return err
		}
		if err := d.compare(left); err != nil {
			return err
		}
	}
	for {
		if err := d.load(); err != nil || d.ended {
			return err
		}
		if err := d.onlyRight(len(d.right.ids)); err != nil {
			return err
		}
	}
}

// load sees to it that there is a right group with ids, or ended is set.
func (d *groupDiff) load() (err error) {
	for len(d.right.ids) == 0 && !d.ended && err == nil {
		var more bool
		d.right, err, more = d.next()
		d.ended = !more
	}
	return err
}

// compare takes all of left, and what is before and beside it on the right.
func (d *groupDiff) compare(left idGroup) error {
	for len(left.ids) > 0 {
		if err := d.load(); err != nil {
			return err
		}
		var err error
		switch {
		case d.ended || d.right.first >= left.end():
			err = d.onlyLeft(&left, len(left.ids))
		case d.right.first < left.first:
			err = d.onlyRight(int(min(d.right.end(), left.first) - d.right.first))
		case left.first < d.right.first:
			err = d.onlyLeft(&left, int(d.right.first-left.first))
		default:
			err = d.beside(&left)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *groupDiff) beside(left *idGroup) error {
	n, index := min(len(left.ids), len(d.right.ids)), left.first
	a, b := left.cut(n), d.right.cut(n)
	if slices.Equal(a, b) {
		return nil
	}
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		if err := d.each(Difference{index + uint64(i), a[i], b[i]}); err != nil {
			return err
		}
	}
	return nil
}

func (d *groupDiff) onlyLeft(left *idGroup, n int) error {
	return d.alone(left, n, func(index uint64, id ID) Difference { return Difference{index, id, ID{}} })
}

func (d *groupDiff) onlyRight(n int) error {
	return d.alone(&d.right, n, func(index uint64, id ID) Difference { return Difference{index, ID{}, id} })
}

// alone hands on the first n ids of g, beside which there are zeros.
func (d *groupDiff) alone(g *idGroup, n int, difference func(uint64, ID) Difference) error {
	index := g.first
	for i, id := range g.cut(n) {
		if id.IsZero() {
			continue
		}
		if err := d.each(difference(index+uint64(i), id)); err != nil {
			return err
		}
	}
	return nil
}
