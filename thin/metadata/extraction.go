package metadata

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/rok-storage/rok/units"
)

// extractSize is how much is read and written at once.
const extractSize = 1 << 20

// extraction is one [Trees.Extract] on its way.
type extraction struct {
	ctx    context.Context
	data   io.ReaderAt
	sink   ExtractSink
	device uint64
	block  int64  // bytes of a data block
	blocks uint64 // of the data device

	whole bool  // what is not mapped is handed out
	size  int64 // of the volume; 0: not known
	at    int64 // what is before it was handed out
	buf   []byte
}

func newExtraction(ctx context.Context, m *Metadata, data io.ReaderAt, d ThinDevice, sink ExtractSink, o ExtractOptions) (*extraction, error) {
	block, err := m.dataBlockBytes()
	if err != nil {
		return nil, err
	}
	if o.Size > math.MaxInt64 {
		return nil, fmt.Errorf("metadata: extract device %d of %v: %w", d.ID, o.Size, ErrOffset)
	}
	return &extraction{
		ctx: ctx, data: data, sink: sink, device: d.ID, whole: o.Since == nil, size: int64(o.Size),
		block: block, blocks: min(m.sb.DataSpaceMap.Blocks, uint64(math.MaxInt64/block)),
		buf: make([]byte, extractSize),
	}, nil
}

// done reports whether the volume's end was reached.
func (x *extraction) done() bool { return x.size != 0 && x.at >= x.size }

// offset is where block begins, or where the volume ends if that is before.
func (x *extraction) offset(block uint64) (off int64, ok bool) {
	limit := int64(math.MaxInt64)
	if x.size != 0 {
		limit = x.size
	}
	if block > uint64(limit/x.block) {
		return limit, x.size != 0
	}
	return min(int64(block)*x.block, limit), true
}

// piece hands out one piece, and what is in front of it.
func (x *extraction) piece(p extractPiece) error {
	from, _ := x.offset(p.virtual)
	end, ok := x.offset(p.virtual + min(p.length, math.MaxUint64-p.virtual))
	if !ok {
		return fmt.Errorf("metadata: extract device %d, blocks %v: %w", x.device, NewRange(p.virtual, p.virtual+p.length-1), ErrOffset)
	}
	if err := x.upTo(from); err != nil {
		return err
	}
	if !p.mapped {
		x.at = end
		return x.zero(from, end)
	}
	return x.copy(p, end)
}

// upTo hands out what is in front of a piece.
func (x *extraction) upTo(from int64) error {
	at := x.at
	x.at = max(at, from)
	if !x.whole {
		return nil
	}
	return x.zero(at, from)
}

func (x *extraction) zero(from, end int64) error {
	if from >= end {
		return nil
	}
	return x.sink.Zero(from, end-from)
}

// copy reads piece p, which begins at x.at.
func (x *extraction) copy(p extractPiece, end int64) error {
	from, unit := x.at, min(x.block, extractSize)
	for x.at < end {
		if err := x.ctx.Err(); err != nil {
			return err
		}
		n := min(end-x.at, extractSize)
		err := x.read(p, x.at-from, n)
		if err != nil && n > unit { // perhaps not all of it
			n = unit
			err = x.read(p, x.at-from, n)
		}
		if err == nil {
			err = x.sink.Data(x.buf[:n], x.at)
		} else {
			n += x.unreadable(p, x.at-from+n, end-from)
			first, last := (x.at-from)/x.block, (x.at-from+n-1)/x.block
			err = x.sink.Missing(x.at, n, &MissingError{
				Device: x.device, Blocks: NewRange(p.virtual+uint64(first), p.virtual+uint64(last)), Err: err,
			})
		}
		if err != nil {
			return err
		}
		x.at += n
	}
	return nil
}

// unreadable is how many bytes of the data of p, from off on and up to end, cannot be
// read either.
func (x *extraction) unreadable(p extractPiece, off, end int64) (n int64) {
	for off+n < end && x.ctx.Err() == nil {
		unit := min(x.block, extractSize, end-off-n)
		if x.read(p, off+n, unit) == nil {
			break
		}
		n += unit
	}
	return n
}

// read reads n bytes of the data of p, from off on.
func (x *extraction) read(p extractPiece, off, n int64) error {
	last := p.data + uint64((off+n-1)/x.block)
	if p.data >= x.blocks || last >= x.blocks {
		return fmt.Errorf("data block %d of %d: %w", last, x.blocks, ErrCorrupt)
	}
	if err := readFull(x.data, x.buf[:n], int64(p.data)*x.block+off); err != nil {
		return fmt.Errorf("read data block %d: %w", p.data+uint64(off/x.block), err)
	}
	return nil
}

// lost hands out that damage has taken some blocks.
func (x *extraction) lost(cause *CorruptError) error {
	blocks := cause.Blocks
	if blocks.Empty() {
		return cause
	}
	from, known := x.offset(blocks.First)
	if x.done() || x.size != 0 && from >= x.size {
		return nil
	}
	if !known {
		return fmt.Errorf("metadata: extract device %d, blocks %v: %w", x.device, blocks, errors.Join(ErrOffset, cause))
	}
	if err := x.upTo(from); err != nil {
		return err
	}
	missing := &MissingError{Device: x.device, Blocks: blocks, Err: cause}
	at := x.at
	if x.size == 0 && !blocks.Bounded() {
		return x.sink.Missing(at, -1, missing)
	}
	end := x.size
	if blocks.Bounded() {
		if end, known = x.offset(blocks.Last + 1); !known {
			return x.sink.Missing(at, -1, missing)
		}
	}
	if end <= at {
		return nil
	}
	x.at = end
	return x.sink.Missing(at, end-at, missing)
}

// end hands out what is behind the last piece, and returns the size.
func (x *extraction) end() (units.Bytes, error) {
	if x.size == 0 {
		return units.Bytes(x.at), nil
	}
	return units.Bytes(x.size), x.upTo(x.size)
}
