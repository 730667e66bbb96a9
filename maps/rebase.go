package maps

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/rok-storage/rok/units"
)

// Range is a part of a volume.
type Range struct {
	Start, Length units.Bytes
}

// Rebase makes a map of a volume of spec's size, whose content is base's but for the
// changed ranges, of which it reads the blocks from src. They come in any order, may overlap,
// and end where the volume does. What is behind base's end is read too, and so is the last block of a
// volume that shrinks. Errors are those of [Update], or src's.
func Rebase(ctx context.Context, dst io.Writer, store Store, base *Map, src io.ReaderAt, spec Spec, changed []Range) (Header, error) {
	var err error
	if spec.Shape, err = spec.Complete(); err != nil {
		return Header{}, err
	}
	s := spec.Shape
	if !like(s, base.Shape) {
		return Header{}, fmt.Errorf("maps: rebase a map with %+v to one with %+v: %w", base.Shape, s, ErrIncompatible)
	}
	all := slices.Clone(changed)
	switch {
	case s.Size > base.Size:
		all = append(all, Range{base.Size, s.Size - base.Size})
	case s.Size < base.Size && s.Size%s.BlockSize != 0:
		all = append(all, Range{s.Size - 1, 1})
	}
	buf := make([]byte, s.BlockSize)
	return Update(ctx, dst, store, base, spec, func(yield func(Change, error) bool) {
		for index := range s.touched(all) {
			id, err := register(ctx, store, src, s, index, buf)
			if !yield(Change{index, id}, err) || err != nil {
				return
			}
		}
	})
}

// touched are the blocks of the volume that ranges have a part of, in order and each once.
func (s Shape) touched(ranges []Range) iter.Seq[uint64] {
	sorted := slices.SortedFunc(slices.Values(ranges), func(a, b Range) int {
		switch {
		case a.Start < b.Start:
			return -1
		case a.Start > b.Start:
			return 1
		}
		return 0
	})
	return func(yield func(uint64) bool) {
		next := uint64(0)
		for _, r := range sorted {
			if r.Start >= s.Size || r.Length == 0 {
				continue
			}
			last := r.Start + min(r.Length, s.Size-r.Start) - 1
			for next = max(next, uint64(r.Start/s.BlockSize)); next <= uint64(last/s.BlockSize); next++ {
				if !yield(next) {
					return
				}
			}
		}
	}
}

// Resize makes a map of base's content with another size: cut off, or with zeros behind
// it. Where the new end is within a block, that block is read from the store, and stored
// without what is behind. spec is as for [Update], whose errors are Resize's too.
func Resize(ctx context.Context, dst io.Writer, store Store, base *Map, spec Spec) (Header, error) {
	var err error
	if spec.Shape, err = spec.Complete(); err != nil {
		return Header{}, err
	}
	s := spec.Shape
	var changes []Change
	if like(s, base.Shape) && s.Size < base.Size && s.Size%s.BlockSize != 0 {
		index := s.Blocks() - 1
		id, err := cutBlock(ctx, store, base, s, index)
		if err != nil {
			return Header{}, err
		}
		changes = []Change{{index, id}}
	}
	return Update(ctx, dst, store, base, spec, func(yield func(Change, error) bool) {
		for _, c := range changes {
			if !yield(c, nil) {
				return
			}
		}
	})
}

// cutBlock stores what is in the volume of shape s of a block of base.
func cutBlock(ctx context.Context, store Store, base *Map, s Shape, index uint64) (ID, error) {
	ids, err := newLookup(ctx, store, base)
	if err != nil {
		return ID{}, err
	}
	id, err := ids.id(index)
	if err != nil || id.IsZero() {
		return ID{}, err
	}
	b, err := base.ReadBlock(ctx, store, index, id, make([]byte, s.BlockSize))
	if err != nil {
		return ID{}, err
	}
	return putBlock(ctx, store, s.Hash, index, b[:min(len(b), s.length(index))])
}
