package maps

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/rok-storage/rok/units"
)

// Strip is data without the zeros at its end: what a store keeps of a block, and what its
// id is made of. So a block that the volume's end cuts is the same as one that zeros fill up.
func Strip(data []byte) []byte {
	n := len(data)
	for n >= 4096 && zeros(data[n-4096:n]) {
		n -= 4096
	}
	for n >= 8 && binary.NativeEndian.Uint64(data[n-8:]) == 0 {
		n -= 8
	}
	for n > 0 && data[n-1] == 0 {
		n--
	}
	return data[:n]
}

// zeros reports whether there is nothing else in b, which is not empty: the first byte
// is zero, and each equals the one before it.
func zeros(b []byte) bool { return b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1]) }

// BlockID is the id of a block with that content, zeros at the end or not. It is the
// zero id where there is nothing but zeros.
func (h Hash) BlockID(data []byte) ID {
	if data = Strip(data); len(data) == 0 {
		return ID{}
	}
	return h.Sum(data)
}

// putBlock stores a block, and returns its id.
func putBlock(ctx context.Context, store Putter, h Hash, index uint64, data []byte) (ID, error) {
	if data = Strip(data); len(data) == 0 {
		return ID{}, nil
	}
	id := h.Sum(data)
	if err := store.Put(ctx, Block, id, data); err != nil {
		return ID{}, &ObjectError{Op: "write", Kind: Block, ID: id, Block: index, Err: err}
	}
	return id, nil
}

// ReadBlock reads block index of a volume into buf, which has room for a whole block, and
// verifies it. It returns the block without the zeros at its end. Errors match [ErrCorrupt]
// or are an [ObjectError].
func (s Shape) ReadBlock(ctx context.Context, store Getter, index uint64, id ID, buf []byte) ([]byte, error) {
	if id.IsZero() {
		return buf[:0], nil
	}
	if index >= s.Blocks() || units.Bytes(len(buf)) < s.BlockSize {
		return nil, fmt.Errorf("maps: read block %d of %d with room for %d bytes: %w", index, s.Blocks(), len(buf), ErrOrder)
	}
	b, err := get(ctx, store, Block, id, index, buf[:s.BlockSize])
	if err != nil {
		return nil, err
	}
	if found := s.Hash.Sum(b); found != id {
		return nil, fault("content", "the hash that is its id", found).in("block", id, index, 0)
	}
	if n := len(b); n == 0 || b[n-1] == 0 {
		return nil, fault("content", "no zeros at the end", "some").in("block", id, index, 0)
	}
	if want := s.length(index); len(b) > want {
		return nil, fault("length", fmt.Sprintf("at most %d, where the volume ends", want), len(b)).in("block", id, index, 0)
	}
	return b, nil
}
