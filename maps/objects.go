package maps

import (
	"context"
	"errors"
	"iter"
)

// Object is a node, page or block that a map needs.
type Object struct {
	Kind Kind
	ID   ID
	// Block is the first block of the volume that the object is about.
	Block uint64
}

// Objects are all objects of the store that a map needs, each node before what is below it. skip is asked
// before a node or page is read: where it says true, neither it nor what is below it comes, nor, of a chain, what is before
// it. So who remembers the nodes of many maps reads each once; a skip of nil says false. Blocks come as often as the volume
// has them. Nodes are verified as they are read, but of counts only that of a tree's root: [Map.Entries] does the rest. An error is the last that comes.
func (m *Map) Objects(ctx context.Context, store Getter, skip func(Object) bool) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		w := objectWalk{m, skip, func(o Object) error {
			if !yield(o, nil) {
				return errStop
			}
			return nil
		}}
		var err error
		switch {
		case m.Version == 3:
			err = m.walkPages(ctx, func(p flatPage, ids []ID) error { return w.blocks(p.number*pageWidth, ids) })
		case m.Degree == 0:
			err = w.chain(newChainReader(ctx, store, m.Header))
		case !m.Body.IsZero():
			err = w.node(newTreeReader(ctx, store, m.Shape), newLevels(m.Height(), m.Degree), m.Height()-1, 0, m.Body)
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(Object{}, err)
		}
	}
}

// objectWalk hands on what a map needs.
type objectWalk struct {
	m    *Map
	skip func(Object) bool
	each func(Object) error
}

func (w *objectWalk) skipped(o Object) bool { return w.skip != nil && w.skip(o) }

func (w *objectWalk) blocks(first uint64, ids []ID) error {
	for i := range ids {
		if ids[i].IsZero() {
			continue
		}
		if err := w.each(Object{Block, ids[i], first + uint64(i)}); err != nil {
			return err
		}
	}
	return nil
}

// chain goes from the last page to the first. Where a page begins is known when it is
// read, so skip is told 0.
func (w *objectWalk) chain(r *chainReader) error {
	for id, limit := w.m.Body, w.m.Blocks(); !id.IsZero() && !w.skipped(Object{Kind: Node, ID: id}); {
		number, before, err := r.load(id, limit)
		if err != nil {
			return err
		}
		if err := w.each(Object{Node, id, number * pageWidth}); err != nil {
			return err
		}
		if err := w.blocks(number*pageWidth, r.ids); err != nil {
			return err
		}
		id, limit = before, number
	}
	return nil
}

func (w *objectWalk) node(r *treeReader, levels []node, level int, pos uint64, id ID) error {
	o := Object{Node, id, w.m.first(level, pos)}
	if w.skipped(o) {
		return nil
	}
	n := &levels[level]
	if err := r.load(n, pos, id); err != nil {
		return err
	}
	if level == w.m.Height()-1 && n.blocks != w.m.NonZero {
		return fault("blocks that are not zero", n.blocks, w.m.NonZero).in("header", ID{}, 0, 0)
	}
	if err := w.each(o); err != nil {
		return err
	}
	if level == 0 {
		return w.blocks(o.Block, n.ids)
	}
	for i := range n.ids {
		if n.ids[i].IsZero() {
			continue
		}
		if err := w.node(r, levels, level-1, pos*uint64(len(n.ids))+uint64(i), n.ids[i]); err != nil {
			return err
		}
	}
	return nil
}
