package composer

import (
	"context"
	"errors"
	"iter"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// Listed is a map as [List] finds it.
type Listed struct {
	store.MapInfo
	Map *maps.Map // nil where Err tells why it cannot be opened
	Err error
}

// listWorkers is how many maps are opened at once.
const listWorkers = 8

// List opens all maps whose names begin with prefix, in the order of their names. A map that cannot be opened has an error of
// its own; one that is removed meanwhile is left out, and one that is replaced is as it is then. An error is the last that comes.
func List(ctx context.Context, st *store.Store, prefix string) iter.Seq2[Listed, error] {
	return func(yield func(Listed, error) bool) {
		for l, err := range inOrder(ctx, listWorkers, 1, st.Maps(ctx, prefix), func(ctx context.Context, info store.MapInfo, _ []byte) (Listed, error) {
			l := Listed{MapInfo: info}
			l.Err = store.ErrChanged
			for errors.Is(l.Err, store.ErrChanged) { // it is replaced just now
				var opened store.MapInfo
				if l.Map, opened, l.Err = st.OpenMap(ctx, info.Name); opened.Version != "" {
					l.MapInfo = opened
				}
			}
			if l.Err != nil && !damaged(l.Err) && !errors.Is(l.Err, errors.ErrUnsupported) {
				return l, l.Err
			}
			return l, nil
		}) {
			if err == nil && errors.Is(l.Err, maps.ErrMissing) {
				continue
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// Difference is a part of a volume in which two maps differ.
type Difference struct {
	maps.Range
	// Data tells that the second map has something other than zeros there.
	Data bool
}

// Diff are the ranges in which the volume of the second map differs from that of the first, in whole blocks, in order. Each map is read
// from a store of its own, [store.Reading] for one. What is behind the end of the second volume is zeros there. Errors match [maps.ErrIncompatible] where block sizes differ; an
// error is the last that comes.
func Diff(ctx context.Context, storeA maps.Getter, a *maps.Map, storeB maps.Getter, b *maps.Map) iter.Seq2[Difference, error] {
	shape := a.Shape
	shape.Size = max(a.Size, b.Size)
	return func(yield func(Difference, error) bool) {
		var last Difference
		for d, err := range maps.Diff(ctx, storeA, a, storeB, b) {
			if err != nil {
				yield(Difference{}, err)
				return
			}
			next := Difference{blockRange(shape, d.Index), !d.B.IsZero()}
			if last.Length > 0 && end(last.Range) == next.Start && last.Data == next.Data {
				last.Length += next.Length
				continue
			}
			if last.Length > 0 && !yield(last, nil) {
				return
			}
			last = next
		}
		if last.Length > 0 {
			yield(last, nil)
		}
	}
}

// DataSize is how much of a volume is not zeros, in whole blocks.
func DataSize(h maps.Header) units.Bytes { return min(units.Bytes(h.NonZero)*h.BlockSize, h.Size) }
