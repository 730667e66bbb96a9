package maps

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// object reads a node or page into buf, and verifies it.
func object(ctx context.Context, store Getter, h Hash, what string, id ID, block uint64, buf []byte) ([]byte, error) {
	b, err := get(ctx, store, Node, id, block, buf)
	if err != nil {
		return nil, err
	}
	if found := h.Sum(b); found != id {
		return nil, fault("content", "the hash that is its id", found).in(what, id, block, 0)
	}
	return b, nil
}

func get(ctx context.Context, store Getter, kind Kind, id ID, block uint64, buf []byte) ([]byte, error) {
	n, err := store.Get(ctx, kind, id, buf)
	if errors.Is(err, io.ErrShortBuffer) {
		return nil, fault("length", fmt.Sprint("at most ", len(buf)), "more").in(kind.String(), id, block, 0)
	}
	if err != nil {
		return nil, &ObjectError{Op: "read", Kind: kind, ID: id, Block: block, Err: err}
	}
	return buf[:n], nil
}

// put stores a node or page, and returns its id.
func put(ctx context.Context, store Putter, h Hash, block uint64, data []byte) (ID, error) {
	id := h.Sum(data)
	if err := store.Put(ctx, Node, id, data); err != nil {
		return ID{}, &ObjectError{Op: "write", Kind: Node, ID: id, Block: block, Err: err}
	}
	return id, nil
}
