package maps

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// Difference is a block that two maps have different ids for. The zero id is zeros, or
// behind a volume's end.
type Difference struct {
	Index uint64
	A, B  ID
}

// Diff are the blocks in which b differs from a, in order. It reads what differs of two trees of one
// degree, whatever their sizes are; other maps as a whole. Versions may differ. An error is the
// last that comes; it matches [ErrIncompatible] where block sizes or hashes differ. Both maps are
// in one store, or storeA and storeB are two.
func Diff(ctx context.Context, storeA Getter, a *Map, storeB Getter, b *Map) iter.Seq2[Difference, error] {
	return func(yield func(Difference, error) bool) {
		each := func(d Difference) error {
			if !yield(d, nil) {
				return errStop
			}
			return nil
		}
		var err error
		switch {
		case !like(a.Shape, b.Shape):
			err = fmt.Errorf("maps: diff of blocks of %s by %s and of %s by %s: %w", a.BlockSize, a.Hash, b.BlockSize, b.Hash, ErrIncompatible)
		case a.Degree != 0 && a.Degree == b.Degree:
			err = diffTrees(ctx, storeA, a.Header, storeB, b.Header, each)
		default:
			err = diffGroups(a.pushGroups(ctx, storeA), b.pushGroups(ctx, storeB), each)
		}
		if err != nil && !errors.Is(err, errStop) {
			yield(Difference{}, err)
		}
	}
}

// Changes are differences as [Update] takes them, to make b of a.
func Changes(differences iter.Seq2[Difference, error]) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for d, err := range differences {
			if !yield(Change{d.Index, d.B}, err) {
				return
			}
		}
	}
}
