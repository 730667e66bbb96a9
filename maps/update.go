package maps

import (
	"context"
	"fmt"
	"io"
	"iter"
)

// Change is a new id for one block. The zero id makes it zeros.
type Change struct {
	Index uint64
	ID    ID
}

// Update makes a map of base with changes, which come in the order of their
// indexes. spec's shape is base's in all but the size. Where the volume shrinks, what is
// behind the new end goes, and changes of it are passed over where they are to zeros; a
// volume that ends within a block that is not zero behind the new end needs a
// change of that block too ([Resize] and [Rebase] see to it). Where it grows, there are zeros.
//
// Of a tree, only nodes above what changed are read and written: changes times height at
// most. A flat map is read and written as a whole. Errors match [ErrIncompatible] where the
// shapes differ, [ErrOrder], those of base's reader, or are those of changes, store and dst.
func Update(ctx context.Context, dst io.Writer, store Store, base *Map, spec Spec, changes iter.Seq2[Change, error]) (Header, error) {
	var err error
	if spec.Shape, err = spec.Complete(); err != nil {
		return Header{}, err
	}
	if same := base.Shape; !like(spec.Shape, same) || spec.Version != same.Version || spec.Degree != same.Degree {
		return Header{}, fmt.Errorf("maps: update a map with %+v as one with %+v: %w", same, spec.Shape, ErrIncompatible)
	}
	next, stop := iter.Pull2(changes)
	defer stop()
	c := &changeQueue{next: next, blocks: spec.Blocks()}
	if err := c.advance(); err != nil {
		return Header{}, err
	}
	if spec.Degree != 0 {
		return updateTree(ctx, dst, store, base.Header, spec, c)
	}
	w, err := NewWriter(dst, store, spec)
	if err != nil {
		return Header{}, err
	}
	if err := mergeChanges(ctx, w, base.Entries(ctx, store), c); err != nil {
		return Header{}, err
	}
	return w.Finish(ctx)
}

// like reports whether blocks of a and b have the same ids.
func like(a, b Shape) bool { return a.Hash == b.Hash && a.BlockSize == b.BlockSize }

// mergeChanges adds what base has and no change is about, and the changes.
func mergeChanges(ctx context.Context, w *Writer, base iter.Seq2[Entry, error], c *changeQueue) error {
	for e, err := range base {
		if err != nil {
			return err
		}
		for c.more && c.head.Index < e.Index {
			if err := c.addTo(ctx, w); err != nil {
				return err
			}
		}
		switch {
		case e.Index >= c.blocks: // cut off; the rest is read, to be verified
		case c.more && c.head.Index == e.Index:
			err = c.addTo(ctx, w)
		default:
			err = w.Add(ctx, e.Index, e.ID)
		}
		if err != nil {
			return err
		}
	}
	for c.more {
		if err := c.addTo(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// changeQueue are the changes that are still to be made.
type changeQueue struct {
	next   func() (Change, error, bool)
	blocks uint64 // of the new volume
	head   Change // where more is true
	more   bool
	seen   bool
}

// advance goes on to the next change that is of the volume.
func (c *changeQueue) advance() error {
	for {
		last, seen := c.head.Index, c.seen
		head, err, more := c.next()
		if err != nil {
			return err
		}
		c.head, c.more, c.seen = head, more, true
		if !more {
			return nil
		}
		if seen && head.Index <= last {
			return fmt.Errorf("maps: change of block %d behind that of %d: %w", head.Index, last, ErrOrder)
		}
		if head.Index < c.blocks {
			return nil
		}
		if !head.ID.IsZero() {
			return fmt.Errorf("maps: change of block %d, of %d: %w", head.Index, c.blocks, ErrOrder)
		}
	}
}

func (c *changeQueue) addTo(ctx context.Context, w *Writer) error {
	if err := w.Add(ctx, c.head.Index, c.head.ID); err != nil {
		return err
	}
	return c.advance()
}
