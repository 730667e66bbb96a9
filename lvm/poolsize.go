package lvm

import (
	"math/bits"

	"github.com/rok-storage/rok/units"
)

// Sizes of thin pools in sectors: lib/config/defaults.h, lib/metadata/thin_manip.c,
// libdm/libdevmapper.h.
const (
	minChunk        units.Sectors = 128               // DM_THIN_MIN_DATA_BLOCK_SIZE, 64 KiB
	maxChunk        units.Sectors = 2097152           // DM_THIN_MAX_DATA_BLOCK_SIZE, 1 GiB
	minMetadata     units.Sectors = 2 << 20 / 512     // DEFAULT_THIN_POOL_MIN_METADATA_SIZE
	largeMetadata   units.Sectors = 128 << 20 / 512   // DEFAULT_THIN_POOL_OPTIMAL_METADATA_SIZE
	maxMetadata     units.Sectors = 255 * 16320 * 8   // DM_THIN_MAX_METADATA_SIZE: what the kernel uses
	croppedMetadata units.Sectors = 16192 << 20 / 512 // what lvm2 used of it before 2.03.12
	// chunkBytes is what lvm2 reckons with for each chunk.
	chunkBytes = 64
)

// poolShape is how large a pool's parts are.
type poolShape struct {
	data, metadata Extents
	share          bool
	none           bool // of the share the metadata leaves nothing
	chunk          units.Sectors
}

// poolShape computes the sizes: update_thin_pool_params of
// lib/metadata/thin_manip.c, and _update_extents_params of lib/metadata/lv_manip.c.
func (b *Batch) poolShape(op *CreateThinPool, d *demand) (*poolShape, error) {
	if op.ChunkSize != 0 && (op.ChunkSize%minChunk != 0 || op.ChunkSize > maxChunk) {
		return nil, refuse(ErrInvalid, "chunk size %d sectors is no multiple of %d up to %d", op.ChunkSize, minChunk, maxChunk)
	}
	if op.Size.isZero() {
		return nil, refuse(ErrInvalid, "no size")
	}
	n, err := op.Size.extents(b.vg.ExtentSize, b.whole(&op.Place, nil, nil), roundUp, roundDown)
	if err != nil {
		return nil, err
	}
	s := &poolShape{share: op.Size.Extents == 0 && op.Size.Size.Percent > 0}
	free := b.vgFree()
	if s.share {
		if op.Size.Size.Of == "VG" {
			n = min(n, free)
		}
		if fit := stripeFit(n, d.stripes, true, free); fit < n {
			n = fit
		}
	}
	if n > maxExtents {
		return nil, refuse(ErrLimit, "%d extents", n)
	}
	if err := b.poolMetadata(op, s, units.Sectors(n)*b.vg.ExtentSize); err != nil {
		return nil, err
	}
	if of := op.Size.Size.Of; s.share && (of == "FREE" || of == "PVS") {
		if n <= 2*s.metadata {
			s.data, s.none = stripeFit(n, d.stripes, false, free), true
			return s, nil
		}
		n -= 2 * s.metadata
	}
	if s.data = stripeFit(n, d.stripes, false, free); s.data == 0 {
		return nil, refuse(ErrInvalid, "%v of what there is comes to no extent", op.Size.Size)
	}
	return s, nil
}

// poolMetadata sets the size of the chunks and of the metadata of a pool with
// so much data.
func (b *Batch) poolMetadata(op *CreateThinPool, s *poolShape, data units.Sectors) error {
	extent := b.vg.ExtentSize
	s.chunk = op.ChunkSize
	if op.MetadataSize.isZero() {
		if s.chunk == 0 {
			for s.chunk = minChunk; metadataFor(data, s.chunk) > largeMetadata && s.chunk < maxChunk; {
				s.chunk *= 2
			}
		}
		s.metadata = toExtents(min(max(metadataFor(data, s.chunk), minMetadata), maxMetadata), extent)
		return nil
	}
	none := func(string) (Extents, error) { return 0, refuse(ErrInvalid, "the metadata's size is no share") }
	n, err := op.MetadataSize.extents(extent, none, roundUp, roundUp)
	if err != nil {
		return err
	}
	s.metadata = min(max(n, toExtents(minMetadata, extent)), toExtents(maxMetadata, extent))
	if s.chunk == 0 {
		// A power of two of which the metadata can hold as many as there are.
		for s.chunk = minChunk; metadataFor(data, s.chunk) > units.Sectors(s.metadata)*extent && s.chunk < maxChunk; {
			s.chunk *= 2
		}
	}
	return nil
}

// metadataFor is the metadata that lvm2 reckons data of such chunks to need.
func metadataFor(data, chunk units.Sectors) units.Sectors {
	hi, lo := bits.Mul64(uint64(data), chunkBytes)
	if hi >= uint64(chunk) {
		return maxMetadata
	}
	bytes, _ := bits.Div64(hi, lo, uint64(chunk))
	return units.Bytes(bytes).SectorsRoundUp()
}

func toExtents(n, extent units.Sectors) Extents {
	whole := n / extent
	if n%extent != 0 {
		whole++
	}
	return Extents(whole)
}
