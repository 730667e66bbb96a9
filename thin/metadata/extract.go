package metadata

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/rok-storage/rok/units"
)

// ErrOffset says that a volume has mappings at 2^63 bytes or above, so that it
// has no size that a file could have.
var ErrOffset = errors.New("mapped at 2^63 bytes or above")

// ExtractSink takes what [Trees.Extract] extracts, in ascending order. Offsets and
// lengths are bytes of the volume. An error ends the extraction.
type ExtractSink interface {
	// Data is what the volume holds from off on. p is good until it returns.
	Data(p []byte, off int64) error
	// Zero is a range that reads as zeros, because nothing is mapped there.
	Zero(off, n int64) error
	// Missing is a range of which nothing is known; where it returns nil, the
	// extraction goes on behind it. n is -1 for all that is behind off, of a volume
	// whose size is not known.
	Missing(off, n int64, cause *MissingError) error
}

// ExtractOptions say what is extracted. The zero value: all of a volume.
type ExtractOptions struct {
	// Size is that of the volume, which the metadata does not know; blocks behind it
	// are left out. 0: up to the end of the last block that is mapped.
	Size units.Bytes
	// Since is a device, such as a snapshot of the volume: only what has changed
	// since is extracted, which is what the volume maps to other data blocks, and, as
	// Zero, what only Since maps. Nil: all of the volume.
	Since *ThinDevice
}

// Extract reads volume d from data, the data device of its pool, without the
// kernel. The pool must not be active. It returns the size of the volume: o.Size,
// or where the last of what was extracted ends.
//
// Damage elsewhere does not matter, as long as d can be found. Missing, with its
// virtual blocks, is what damage of its own mappings takes, what is mapped past
// the end of the data device, and what cannot be read of it.
//
// What is not mapped is taken for zeros. In a volume with an external origin it
// is not: what the origin holds is no part of the pool.
//
// Memory is 1 MiB, and a metadata block for each level of the trees. Errors: those
// of the sink, of ctx, and [ErrOffset].
func (t *Trees) Extract(ctx context.Context, data io.ReaderAt, d ThinDevice, sink ExtractSink, o ExtractOptions) (units.Bytes, error) {
	x, err := newExtraction(ctx, t.m, data, d, sink, o)
	if err != nil {
		return 0, err
	}
	pieces := t.pieces(d)
	if o.Since != nil {
		pieces = t.changedPieces(d, *o.Since)
	}
	for p, err := range pieces {
		cause := (*CorruptError)(nil)
		switch {
		case errors.As(err, &cause):
			err = x.lost(cause)
		case err == nil:
			err = x.piece(p)
		}
		if err != nil {
			return 0, err
		}
		if x.done() {
			break
		}
	}
	return x.end()
}

// extractPiece is a run of virtual blocks that are mapped, or that have become
// unmapped.
type extractPiece struct {
	virtual, data, length uint64
	mapped                bool
}

func (t *Trees) pieces(d ThinDevice) iter.Seq2[extractPiece, error] {
	return func(yield func(extractPiece, error) bool) {
		for m, err := range t.m.Mappings(d) {
			if !yield(extractPiece{m.Virtual, m.Data, m.Length, true}, err) {
				return
			}
		}
	}
}

// dataBlockBytes is the size of a data block.
func (m *Metadata) dataBlockBytes() (int64, error) {
	s := m.sb.DataBlockSize
	if s < minDataBlockSize || s > maxDataBlockSize || s%minDataBlockSize != 0 {
		return 0, corrupt(superblockBlock, "superblock", "data block size",
			fmt.Sprintf("a multiple of %v up to %v", minDataBlockSize, maxDataBlockSize), s)
	}
	return int64(s) * int64(units.SectorSize), nil
}
