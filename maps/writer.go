package maps

import (
	"context"
	"fmt"
	"io"
)

// Spec says what map is to be made.
type Spec struct {
	Shape
	// Attributes are in the order of their keys. They may be nil.
	Attributes []Attribute
}

// body takes ids in order, and makes of them what a header leads to.
type body interface {
	add(ctx context.Context, index uint64, id ID) error
	// finish returns the id of the last page or root; a v3 map's digest.
	finish(ctx context.Context) (ID, error)
}

// Writer makes a map of ids that come in the order of their blocks. Pages and nodes
// go into the store as they are complete, and the map's own bytes to an io.Writer: all of a v3
// map, and the header of a v4 one when it is finished. After an error it is of no use.
type Writer struct {
	dst   io.Writer
	spec  Spec
	attrs []byte
	body  body
	count uint64
	next  uint64 // the least index that may come
}

// NewWriter begins a map. A v3 map needs no store, which may be nil then. Errors match
// [ErrShape] or errors.ErrUnsupported, or are dst's.
func NewWriter(dst io.Writer, store Putter, spec Spec) (*Writer, error) {
	var err error
	if spec.Shape, err = spec.Complete(); err != nil {
		return nil, err
	}
	w := &Writer{dst: dst, spec: spec}
	if w.attrs, err = appendAttributes(nil, spec.Attributes); err != nil {
		return nil, err
	}
	switch {
	case spec.Version == 3:
		w.body, err = newFlatWriter(dst, spec.Shape, w.attrs)
	case spec.Degree == 0:
		w.body = newChainWriter(store, spec.Shape)
	default:
		w.body = newTreeWriter(store, spec.Shape)
	}
	return w, err
}

// Add says what block index is. Indexes ascend; those that are left out, and those of the
// zero id, are zeros. Errors match [ErrOrder], or are those of store and dst.
func (w *Writer) Add(ctx context.Context, index uint64, id ID) error {
	if index < w.next || index >= w.spec.Blocks() {
		return fmt.Errorf("maps: add block %d: want one from %d to below %d: %w", index, w.next, w.spec.Blocks(), ErrOrder)
	}
	w.next = index + 1
	if id.IsZero() {
		return nil
	}
	w.count++
	return w.body.add(ctx, index, id)
}

// Finish completes the map, and returns its header.
func (w *Writer) Finish(ctx context.Context) (Header, error) {
	id, err := w.body.finish(ctx)
	if err != nil {
		return Header{}, err
	}
	h := Header{Shape: w.spec.Shape, NonZero: w.count, Body: id}
	if h.Version == 3 {
		return h, nil
	}
	return h, writeHeader(w.dst, h, w.attrs)
}

// writeHeader writes all that a v4 map's own bytes are.
func writeHeader(dst io.Writer, h Header, attributes []byte) error {
	return write(dst, append(h.appendHeader(nil), attributes...))
}

func write(dst io.Writer, b []byte) error {
	if _, err := dst.Write(b); err != nil {
		return fmt.Errorf("maps: write map: %w", err)
	}
	return nil
}
