package metadata

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/rok-storage/rok/units"
)

const (
	// BlockSize is the size of a metadata block in bytes:
	// DM_SM_METADATA_BLOCK_SIZE, persistent-data/dm-space-map-metadata.h.
	BlockSize = 4096
	// Magic is THIN_SUPERBLOCK_MAGIC, dm-thin-metadata.c.
	Magic = 27022010
	// Version is what the kernel writes: THIN_VERSION, dm-thin-metadata.c. It
	// never reads it. Version 1 is that of the first kernels with dm-thin, in the
	// same layout.
	Version = 2
	// FlagNeedsCheck is the bit of [Superblock.Flags] with which the kernel
	// sets a pool aside after an error that it cannot judge:
	// THIN_METADATA_NEEDS_CHECK_FLAG, dm-thin-metadata.h.
	FlagNeedsCheck = 1 << 0

	superblockBlock  = 0   // THIN_SUPERBLOCK_LOCATION
	spaceMapRootSize = 128 // SPACE_MAP_ROOT_SIZE
	superblockSize   = 364 // sizeof(struct thin_disk_superblock)
)

// Superblock is struct thin_disk_superblock of dm-thin-metadata.c without its
// checksum and magic, which [DecodeSuperblock] checks and [AppendSuperblock] writes.
type Superblock struct {
	Flags            uint32
	Block            uint64 // where it lies: 0, or the held root
	UUID             [16]byte
	Version          uint32
	Time             uint32 // counts snapshots
	TransactionID    uint64 // the owner's, not the kernel's
	HeldRoot         uint64 // block of the metadata snapshot's superblock; 0: none is held
	DataSpaceMap     SpaceMapRoot
	MetadataSpaceMap SpaceMapRoot
	MappingRoot      uint64
	DetailsRoot      uint64
	DataBlockSize    units.Sectors
	// MetadataBlockSize and MetadataBlocks are as of the pool's creation; the
	// kernel does not update MetadataBlocks when the device grows.
	MetadataBlockSize units.Sectors
	MetadataBlocks    uint64
	CompatFlags       uint32
	CompatROFlags     uint32 // any bit: not to be written by this package
	IncompatFlags     uint32 // any bit: not to be read by this package
}

// NeedsCheck reports whether [FlagNeedsCheck] is set.
func (s Superblock) NeedsCheck() bool { return s.Flags&FlagNeedsCheck != 0 }

// String prints the fields that tell one pool from another, in one line.
func (s Superblock) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "transaction %d, time %d, %d data blocks of %v, %d metadata blocks",
		s.TransactionID, s.Time, s.DataSpaceMap.Blocks, s.DataBlockSize, s.MetadataSpaceMap.Blocks)
	if s.HeldRoot != 0 {
		fmt.Fprintf(&b, ", held root %d", s.HeldRoot)
	}
	if s.NeedsCheck() {
		b.WriteString(", needs check")
	}
	return b.String()
}

// DecodeSuperblock reads a superblock that lies in metadata block at. It checks the
// checksum, the block number, the magic and the version ([CorruptError]), and that no
// incompatible feature is on ([UnsupportedError], errors.ErrUnsupported). The
// trees may still be anything.
func DecodeSuperblock(block []byte, at uint64) (Superblock, error) {
	const record = "superblock"
	if len(block) < BlockSize {
		return Superblock{}, unreadable(at, record, io.ErrUnexpectedEOF)
	}
	// The magic comes first: for a device that holds something else, it says more
	// than a checksum.
	if found := binary.LittleEndian.Uint64(block[32:]); found != Magic {
		return Superblock{}, corrupt(at, record, "magic", Magic, found)
	}
	if err := verify(block, at, record, superblockSalt); err != nil {
		return Superblock{}, err
	}
	s := parseSuperblock(block)
	if s.Version == 0 || s.Version > Version {
		return Superblock{}, corrupt(at, record, "version", fmt.Sprintf("1 or %d", Version), s.Version)
	}
	if s.MetadataBlockSize != BlockSize/units.SectorSize {
		return Superblock{}, corrupt(at, record, "metadata block size", units.Sectors(BlockSize/units.SectorSize), s.MetadataBlockSize)
	}
	if s.IncompatFlags != 0 {
		return Superblock{}, &UnsupportedError{Flags: s.IncompatFlags}
	}
	return s, nil
}

// parseSuperblock reads the fields of a superblock and checks nothing.
func parseSuperblock(block []byte) Superblock {
	le := binary.LittleEndian
	return Superblock{
		Flags:             le.Uint32(block[4:]),
		Block:             le.Uint64(block[8:]),
		UUID:              [16]byte(block[16:32]),
		Version:           le.Uint32(block[40:]),
		Time:              le.Uint32(block[44:]),
		TransactionID:     le.Uint64(block[48:]),
		HeldRoot:          le.Uint64(block[56:]),
		DataSpaceMap:      decodeSpaceMapRoot(block[64:]),
		MetadataSpaceMap:  decodeSpaceMapRoot(block[192:]),
		MappingRoot:       le.Uint64(block[320:]),
		DetailsRoot:       le.Uint64(block[328:]),
		DataBlockSize:     units.Sectors(le.Uint32(block[336:])),
		MetadataBlockSize: units.Sectors(le.Uint32(block[340:])),
		MetadataBlocks:    le.Uint64(block[344:]),
		CompatFlags:       le.Uint32(block[352:]),
		CompatROFlags:     le.Uint32(block[356:]),
		IncompatFlags:     le.Uint32(block[360:]),
	}
}

// AppendSuperblock appends the whole block that s is, checksum included. Sizes
// above 32 bits are cut, as the format has no place for them.
func AppendSuperblock(b []byte, s Superblock) []byte {
	le := binary.LittleEndian
	start := len(b)
	b = append(b, make([]byte, 4)...) // the checksum
	b = le.AppendUint32(b, s.Flags)
	b = le.AppendUint64(b, s.Block)
	b = append(b, s.UUID[:]...)
	b = le.AppendUint64(b, Magic)
	b = le.AppendUint32(b, s.Version)
	b = le.AppendUint32(b, s.Time)
	b = le.AppendUint64(b, s.TransactionID)
	b = le.AppendUint64(b, s.HeldRoot)
	for _, root := range []SpaceMapRoot{s.DataSpaceMap, s.MetadataSpaceMap} {
		b = appendSpaceMapRoot(b, root)
		b = append(b, make([]byte, spaceMapRootSize-smRootSize)...)
	}
	b = le.AppendUint64(b, s.MappingRoot)
	b = le.AppendUint64(b, s.DetailsRoot)
	b = le.AppendUint32(b, uint32(s.DataBlockSize))
	b = le.AppendUint32(b, uint32(s.MetadataBlockSize))
	b = le.AppendUint64(b, s.MetadataBlocks)
	b = le.AppendUint32(b, s.CompatFlags)
	b = le.AppendUint32(b, s.CompatROFlags)
	b = le.AppendUint32(b, s.IncompatFlags)
	b = append(b, make([]byte, BlockSize-superblockSize)...)
	seal(b[start:], superblockSalt)
	return b
}

// ReadSuperblock reads the superblock of the metadata that r holds; see
// [DecodeSuperblock] for what is checked.
func ReadSuperblock(r io.ReaderAt) (Superblock, error) {
	var block [BlockSize]byte
	if err := readFull(r, block[:], 0); err != nil {
		return Superblock{}, unreadable(superblockBlock, "superblock", err)
	}
	return DecodeSuperblock(block[:], superblockBlock)
}
