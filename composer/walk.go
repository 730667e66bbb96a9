package composer

import (
	"context"
	"errors"
	"iter"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// damage is a part of a map that nobody can read: a node, with all blocks below it.
type damage struct {
	kind   maps.Kind
	id     maps.ID
	first  uint64 // block
	blocks uint64
	err    error
}

// treePath follows a walk over a tree, which comes to each node before what is below it, and so knows the
// level of each.
type treePath struct {
	shape maps.Shape
	path  []treePlace
}

type treePlace struct {
	first uint64
	level int
}

// span is how many blocks a node of a level is about.
func (t *treePath) span(level int) uint64 {
	n := uint64(1)
	for range level + 1 {
		if n > 1<<60/uint64(t.shape.Degree) {
			return 1 << 60
		}
		n *= uint64(t.shape.Degree)
	}
	return n
}

// enter comes to the node at a block, and returns its level.
func (t *treePath) enter(first uint64) int {
	for n := len(t.path); n > 0; n-- {
		if p := t.path[n-1]; p.level > 0 && first >= p.first && first-p.first < t.span(p.level) {
			t.path = append(t.path[:n], treePlace{first, p.level - 1})
			return p.level - 1
		}
	}
	level := t.shape.Height() - 1
	t.path = append(t.path[:0], treePlace{first, level})
	return level
}

// objects are the objects that a map needs, as [maps.Map.Objects] says, going on behind a node of a tree that is damaged:
// that is told to bad. Of a flat map, what is before a damaged page in the chain cannot be found; bad is told then too, and
// the walk ends. Of a v3 map that is damaged, bad is told that all is. Memory: a place for each level.
func objects(ctx context.Context, st maps.Getter, m *maps.Map, skip func(maps.Object) bool, bad func(damage)) iter.Seq2[maps.Object, error] {
	if m.Degree != 0 {
		return treeObjects(ctx, st, m, skip, bad)
	}
	return func(yield func(maps.Object, error) bool) {
		lost := m.Blocks() // those before it are not known yet
		for o, err := range m.Objects(ctx, st, skip) {
			switch {
			case damaged(err):
				d := damage{kind: maps.Node, blocks: lost, err: err}
				if m.Version == 3 {
					d.blocks = m.Blocks()
				}
				d.id = objectOf(err)
				bad(d)
				return
			case err == nil && o.Kind == maps.Node:
				lost = o.Block
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

// objectOf is the id that an error of maps is about; zero where it is about none.
func objectOf(err error) maps.ID {
	if e, ok := errors.AsType[*maps.ObjectError](err); ok {
		return e.ID
	}
	if e, ok := errors.AsType[*maps.CorruptError](err); ok {
		return e.ID
	}
	return maps.ID{}
}

func placeOf(err error) uint64 {
	if e, ok := errors.AsType[*maps.ObjectError](err); ok {
		return e.Block
	}
	if e, ok := errors.AsType[*maps.CorruptError](err); ok {
		return e.Block
	}
	return 0
}

func treeObjects(ctx context.Context, st maps.Getter, m *maps.Map, skip func(maps.Object) bool, bad func(damage)) iter.Seq2[maps.Object, error] {
	return func(yield func(maps.Object, error) bool) {
		from := uint64(0) // what is before it is done with
		for again := true; again; {
			again = false
			path := &treePath{shape: m.Shape}
			asked := func(o maps.Object) bool { // comes to each node before it is read
				level := path.enter(o.Block)
				return from > 0 && o.Block+path.span(level) <= from || skip != nil && skip(o)
			}
			for o, err := range m.Objects(ctx, st, asked) {
				if damaged(err) && ctx.Err() == nil {
					place := path.path[len(path.path)-1]
					d := damage{kind: maps.Node, id: objectOf(err), first: place.first, err: err}
					d.blocks = min(path.span(place.level), m.Blocks()-place.first)
					if placeOf(err) != place.first { // of what no node is at fault
						d.first, d.blocks = 0, m.Blocks()
						bad(d)
						return
					}
					bad(d)
					from = place.first + path.span(place.level)
					again = from < m.Blocks()
					break
				}
				if err == nil && o.Block < from { // above what is still to come: it came before
					continue
				}
				if !yield(o, err) || err != nil {
					return
				}
			}
		}
	}
}

// entries are the blocks of a volume that are not zeros, in order, as far as they can be found; bad is told of
// the rest. A v3 or flat map that is damaged has none: it is read as a whole first.
func entries(ctx context.Context, st maps.Getter, m *maps.Map, bad func(damage)) iter.Seq2[maps.Entry, error] {
	return func(yield func(maps.Entry, error) bool) {
		if m.Degree == 0 {
			for _, err := range m.Entries(ctx, st) {
				if damaged(err) {
					bad(damage{kind: maps.Node, id: objectOf(err), blocks: m.Blocks(), err: err})
					return
				}
				if err != nil {
					yield(maps.Entry{}, err)
					return
				}
			}
			for e, err := range m.Entries(ctx, st) {
				if !yield(e, err) || err != nil {
					return
				}
			}
			return
		}
		for o, err := range treeObjects(ctx, st, m, nil, bad) {
			if err == nil && o.Kind == maps.Node {
				continue
			}
			if !yield(maps.Entry{Index: o.Block, ID: o.ID}, err) || err != nil {
				return
			}
		}
	}
}

// rangeOf is the part of a volume that blocks are.
func rangeOf(s maps.Shape, first, blocks uint64) maps.Range {
	start := units.Bytes(first) * s.BlockSize
	return maps.Range{Start: start, Length: min(units.Bytes(blocks)*s.BlockSize, s.Size-start)}
}
