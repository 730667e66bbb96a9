package composer

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// task is a block that is to be read.
type task struct {
	index   uint64
	base    maps.ID // what the base has there
	based   bool    // that is known
	noted   maps.ID // what a run that was killed has read there
	resumed bool    // there is such
}

// blockRead is what became of it.
type blockRead struct {
	maps.Change
	length  units.Bytes
	same    bool
	resumed bool
}

// changes reads what is to be read, and are the ids of it.
func (v *registering) changes(ctx context.Context) iter.Seq2[maps.Change, error] {
	return func(yield func(maps.Change, error) bool) {
		counts := &v.result.Read
		*counts = ReadCounts{}
		step := Step{Object: v.volume.Name, Total: v.total()}
		seen := units.Bytes(0)
		for b, err := range inOrder(ctx, workersFor(v.request.Workers, v.spec.BlockSize), v.spec.BlockSize, v.tasks(ctx), v.block) {
			if err == nil {
				err = v.journal.add(maps.Entry(b.Change))
			}
			if err == nil {
				counts.add(b)
				seen += b.length
				step.Done = seen
				if !v.ranged {
					step.Done = min(units.Bytes(b.Index+1)*v.spec.BlockSize, v.spec.Size)
				}
				if v.request.Progress != nil {
					v.request.Progress(step)
				}
			}
			if !yield(b.Change, err) || err != nil {
				return
			}
		}
		if rest := v.spec.Size - seen; v.ranged {
			counts.Base = rest
		} else {
			counts.Hole = rest
		}
	}
}

func (c *ReadCounts) add(b blockRead) {
	switch {
	case b.resumed:
		c.Resumed += b.length
	case b.ID.IsZero():
		c.Zero += b.length
	case b.same:
		c.Same += b.length
	default:
		c.Data += b.length
	}
}

// tasks are the blocks that are to be read, in order.
func (v *registering) tasks(ctx context.Context) iter.Seq2[task, error] {
	return func(yield func(task, error) bool) {
		indexes := dataOf(v.volume.Source, v.spec.BlockSize)
		if v.ranged {
			indexes = withoutErrors(blocksOf(v.changed, v.spec.BlockSize))
		}
		base := v.hints(ctx)
		defer func() { base.stop() }()
		for index, err := range indexes {
			t := task{index: index}
			if err == nil {
				t.base, t.based, err = base.find(index)
			}
			t.noted, t.resumed = v.journal.find(index)
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

func withoutErrors[T any](all iter.Seq[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for x := range all {
			if !yield(x, nil) {
				return
			}
		}
	}
}

// block reads, hashes and stores one block.
func (v *registering) block(ctx context.Context, t task, buf []byte) (blockRead, error) {
	r := blockRange(v.spec.Shape, t.index)
	b := blockRead{Change: maps.Change{Index: t.index}, length: r.Length}
	if t.resumed {
		there := t.noted.IsZero()
		if !there {
			var err error
			if there, err = v.session.Has(ctx, maps.Block, t.noted); err != nil {
				return b, err
			}
		}
		if there {
			b.ID, b.resumed = t.noted, true
			return b, nil
		}
	}
	data := buf[:r.Length]
	if n, err := v.volume.Source.ReadAt(data, int64(r.Start)); n < len(data) {
		return b, fmt.Errorf("read %s at byte %d: %w", v.result.Source, int64(r.Start)+int64(n), err)
	}
	if data = maps.Strip(data); len(data) == 0 {
		return b, nil
	}
	b.ID = v.spec.Hash.Sum(data)
	b.same = t.based && t.base == b.ID
	if err := v.session.Put(ctx, maps.Block, b.ID, data); err != nil {
		return b, &maps.ObjectError{Op: "write", Kind: maps.Block, ID: b.ID, Block: t.index, Err: err}
	}
	return b, nil
}

// baseHints are the ids of the base, asked for in order. Where the base cannot be read there
// are none, and all is taken for changed.
type baseHints struct {
	v    *registering
	next func() (maps.Entry, error, bool) // nil: there is no base
	stop func()
	head maps.Entry // the last that was read
	read bool       // there was one
	end  bool       // and there is no more
}

func (v *registering) hints(ctx context.Context) *baseHints {
	h := &baseHints{v: v, stop: func() {}}
	if v.base != nil && !v.ranged {
		h.next, h.stop = iter.Pull2(v.base.Entries(ctx, v.session))
	}
	return h
}

// find is the id that the base has for a block; false where nobody knows.
func (h *baseHints) find(index uint64) (id maps.ID, known bool, err error) {
	if h.next == nil {
		return maps.ID{}, false, nil
	}
	for !h.end && (!h.read || h.head.Index < index) {
		e, err, more := h.next()
		switch {
		case damaged(err), errors.Is(err, store.ErrChanged): // it is a hint: all is read and compared anyway
			if damaged(err) {
				h.v.result.BaseErr = errors.Join(h.v.result.BaseErr, err)
			}
			h.stop()
			h.next = nil
			return maps.ID{}, false, nil
		case err != nil:
			return maps.ID{}, false, err
		}
		h.head, h.read, h.end = e, true, !more
	}
	if !h.end && h.head.Index == index {
		return h.head.ID, true, nil
	}
	return maps.ID{}, true, nil
}
