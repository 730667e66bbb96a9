package maps

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/rok-storage/rok/units"
)

// Reader reads a volume out of a store. It is an io.ReaderAt; what several
// goroutines read comes one after the other. Each block, node and page is verified.
type Reader struct {
	ctx   context.Context
	store Getter
	m     *Map

	mu     sync.Mutex // guards what follows
	ids    *lookup
	buf    []byte
	data   []byte // of block at, without the zeros at its end
	at     uint64
	cached bool
}

// NewReader begins to read a volume; ctx is that of all that is read. Flat maps are
// read and verified as a whole first. Memory: a block, a page or a node for each level, and
// 40 bytes for each page of a flat map.
func NewReader(ctx context.Context, store Getter, m *Map) (*Reader, error) {
	ids, err := newLookup(ctx, store, m)
	if err != nil {
		return nil, err
	}
	return &Reader{ctx: ctx, store: store, m: m, ids: ids, buf: make([]byte, m.BlockSize)}, nil
}

// Size is the volume's.
func (r *Reader) Size() units.Bytes { return r.m.Size }

// ReadAt reads as io.ReaderAt does: io.EOF at the volume's end. Other errors match
// [ErrCorrupt], are an [ObjectError], or fs.ErrInvalid for an offset below zero.
func (r *Reader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("maps: read at byte %d: %w", off, fs.ErrInvalid)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for n < len(p) {
		at := units.Bytes(off) + units.Bytes(n)
		if at >= r.m.Size {
			return n, io.EOF
		}
		index, skip := uint64(at/r.m.BlockSize), int(at%r.m.BlockSize)
		if err := r.load(index); err != nil {
			return n, err
		}
		part := p[n:min(len(p), n+r.m.length(index)-skip)]
		done := 0
		if skip < len(r.data) {
			done = copy(part, r.data[skip:])
		}
		clear(part[done:])
		n += len(part)
	}
	return n, nil
}

// load makes block index the one at hand.
func (r *Reader) load(index uint64) error {
	if r.cached && r.at == index {
		return nil
	}
	r.cached = false
	id, err := r.ids.id(index)
	if err != nil {
		return err
	}
	if r.data, err = r.m.ReadBlock(r.ctx, r.store, index, id, r.buf); err != nil {
		return err
	}
	r.at, r.cached = index, true
	return nil
}
