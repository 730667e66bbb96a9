package maps

import (
	"context"
	"fmt"
	"io"
)

// Upgrade makes a v4 map of m with the same content, size, block size, hash and
// attributes: a tree of that degree, or a flat one where degree is 0. It writes pages and
// nodes into the store, and no block. m may be of v3, flat v4, or a tree of another degree; a tree is not made
// flat, and what has that shape already is not made again: [ErrShape]. Comparing with [Diff] before m
// is given up is the caller's.
func Upgrade(ctx context.Context, dst io.Writer, store Store, m *Map, degree int) (Header, error) {
	if m.Version == 4 && (degree == m.Degree || degree == 0) {
		return Header{}, fmt.Errorf("maps: upgrade a v4 map of degree %d to degree %d: %w", m.Degree, degree, ErrShape)
	}
	spec := Spec{m.Shape, m.Attributes}
	spec.Version, spec.Degree = 4, degree
	w, err := NewWriter(dst, store, spec)
	if err != nil {
		return Header{}, err
	}
	err = m.groups(ctx, store, func(first uint64, ids []ID) error {
		for i := range ids {
			if ids[i].IsZero() {
				continue
			}
			if err := w.Add(ctx, first+uint64(i), ids[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Header{}, err
	}
	return w.Finish(ctx)
}
