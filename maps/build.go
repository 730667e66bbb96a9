package maps

import (
	"context"
	"fmt"
	"io"

	"github.com/rok-storage/rok/units"
)

// Build reads a volume of spec's size into a map: its blocks, nodes and pages go into
// the store, its own bytes to dst. It reads and hashes one block after the other; who
// wants several at once does so, and hands the ids to a [Writer]. Errors are those of
// [NewWriter], or of src, store and dst.
func Build(ctx context.Context, dst io.Writer, store Store, src io.ReaderAt, spec Spec) (Header, error) {
	w, err := NewWriter(dst, store, spec)
	if err != nil {
		return Header{}, err
	}
	s := w.spec.Shape
	buf := make([]byte, s.BlockSize)
	for index := range s.Blocks() {
		id, err := register(ctx, store, src, s, index, buf)
		if err == nil {
			err = w.Add(ctx, index, id)
		}
		if err != nil {
			return Header{}, err
		}
	}
	return w.Finish(ctx)
}

// register reads one block of a volume and stores it.
func register(ctx context.Context, store Putter, src io.ReaderAt, s Shape, index uint64, buf []byte) (ID, error) {
	if err := ctx.Err(); err != nil {
		return ID{}, err
	}
	b, at := buf[:s.length(index)], int64(units.Bytes(index)*s.BlockSize)
	if n, err := src.ReadAt(b, at); n < len(b) {
		return ID{}, fmt.Errorf("maps: read volume: block %d at byte %d: %w", index, at+int64(n), err)
	}
	return putBlock(ctx, store, s.Hash, index, b)
}
