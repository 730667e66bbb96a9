package metadata

import (
	"fmt"

	"github.com/rok-storage/rok/units"
)

// maxDataBlocks is how many data blocks a mapping can name: its value has 40
// bits for them (pack_block_time, dm-thin-metadata.c).
const maxDataBlocks = 1 << (64 - timeBits)

// Pool is what a [Writer] is told of a pool itself: the fields of its superblock
// that do not follow from its devices. Its zero value is no pool: the data
// block size must be set.
type Pool struct {
	// UUID is not used by the kernel, which writes zeros.
	UUID [16]byte
	// Flags are those of the superblock; see [FlagNeedsCheck].
	Flags uint32
	// Version is 1 or 2; 0 means [Version].
	Version uint32
	// Time counts snapshots. No mapping should have a later one.
	Time          uint32
	TransactionID uint64
	// DataBlockSize is a multiple of 64 KiB, up to 1 GiB.
	DataBlockSize units.Sectors
	// DataBlocks is the size of the data device. A pool whose data device is
	// larger grows when it is activated.
	DataBlocks uint64
}

// check reports what no pool can have.
func (p Pool) check() error {
	switch s := p.DataBlockSize; {
	case s < minDataBlockSize || s > maxDataBlockSize || s%minDataBlockSize != 0:
		return &InputError{Object: "pool", What: "data block size", Found: s.String(), Err: ErrInvalid,
			Expected: fmt.Sprintf("a multiple of %v up to %v", minDataBlockSize, maxDataBlockSize)}
	case p.DataBlocks > maxDataBlocks:
		return &InputError{Object: "pool", What: "data blocks", Found: fmt.Sprint(p.DataBlocks), Err: ErrInvalid,
			Expected: fmt.Sprintf("at most %d", uint64(maxDataBlocks))}
	case p.Version > Version:
		return &InputError{Object: "pool", What: "version", Found: fmt.Sprint(p.Version), Err: ErrInvalid,
			Expected: fmt.Sprintf("1 or %d", Version)}
	}
	return nil
}

// superblock is p without roots, for metadata of as many blocks.
func (p Pool) superblock(blocks uint64) Superblock {
	if p.Version == 0 {
		p.Version = Version
	}
	return Superblock{
		Flags: p.Flags, UUID: p.UUID, Version: p.Version, Time: p.Time, TransactionID: p.TransactionID,
		DataBlockSize: p.DataBlockSize, MetadataBlockSize: BlockSize / units.SectorSize, MetadataBlocks: blocks,
	}
}
