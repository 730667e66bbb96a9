package metadata

import (
	"context"
	"fmt"

	"github.com/rok-storage/rok/units"
)

// Bounds of the pool's block size: DATA_DEV_BLOCK_SIZE_MIN_SECTORS and
// …_MAX_SECTORS, dm-thin.c. It is a multiple of the lower one.
const (
	minDataBlockSize units.Sectors = 64 << 10 / units.SectorSize
	maxDataBlockSize units.Sectors = 1 << 30 / units.SectorSize
)

// Check walks everything that the superblock refers to: the mapping and details
// trees, both space maps, and the same of a held root. It goes on after a fault with
// what can still be read.
//
// Faults: a checksum, block number, header field, key order, key range, fill
// or depth that the kernel would not have written; a block used as two things;
// a pointer or a mapping outside its device; devices that are in one of the two
// trees only, or whose details count other than what is mapped; a reference
// count that is lower than what the walk counted, so that the kernel would free
// a block in use. A count that is too high is a leak, not a fault.
//
// Each block is read once, save the device level of the trees, which is read
// once for the pool and once for the held root. Memory: 24 bytes for each
// metadata block in use, 1 byte (in pages of 16,320) for each metadata block and
// for each data block near one that is mapped or has a count above 2,
// 48 bytes for each thin device (twice that while the lists grow), 32 bytes for each
// bitmap (16,320 blocks).
//
// The error is ctx's alone. Errors of the reader are faults.
func (m *Metadata) Check(ctx context.Context) (*Report, error) {
	return newChecker(m).run(ctx)
}

// CheckQuick is [Metadata.Check] without the devices' own trees: it reads the
// superblock, the details tree, the device level of the mapping tree and the
// space maps, and the same trees of a held root. Its cost follows the number of
// devices and the size of the space maps, not what is mapped. Of the Report,
// Mappings, DataBlocks and the leaks stay 0, and MetadataUsed is what was read.
func (m *Metadata) CheckQuick(ctx context.Context) (*Report, error) {
	c := newChecker(m)
	c.quick = true
	return c.run(ctx)
}

func (c *checker) run(ctx context.Context) (*Report, error) {
	c.superblock()
	for _, step := range []func(context.Context) error{
		c.openMetadataMap,
		c.openDataMap,
		func(ctx context.Context) error { return c.trees(ctx, c.sb, true) },
		c.heldRoot,
		c.compareMaps,
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("metadata: check: %w", err)
		}
	}
	return c.report, nil
}

// checker is the state of one Check.
type checker struct {
	*Metadata
	report *Report
	limit  uint64 // metadata blocks are below it
	states *blockTable[blockState]
	quick  bool // leaves out what devices map

	metadata, data spaceMap
}

func newChecker(m *Metadata) *checker {
	c := &checker{Metadata: m, report: &Report{Superblock: m.sb}}
	c.limit = min(m.blocks, m.sb.MetadataSpaceMap.Blocks, maxMetadataBlock)
	c.states = newBlockTable[blockState](c.limit)
	c.metadata = c.newSpaceMap("metadata", m.sb.MetadataSpaceMap)
	c.data = c.newSpaceMap("data", m.sb.DataSpaceMap)
	return c
}

// superblock checks what the fields of the superblock say by themselves.
func (c *checker) superblock() {
	c.report.MetadataUsed++
	if c.limit > 0 {
		c.states.at(superblockBlock).kind = superblockKind
		c.metadata.counted.inc(superblockBlock)
	}
	fault := func(what string, expected, found any) {
		c.report.fault(corrupt(superblockBlock, "superblock", what, expected, found))
	}
	if n := c.sb.MetadataSpaceMap.Blocks; n > min(c.blocks, maxMetadataBlock) {
		fault("metadata blocks", fmt.Sprintf("at most %d", min(c.blocks, maxMetadataBlock)), n)
	}
	if n := c.sb.DataSpaceMap.bitmaps(); n > c.limit {
		fault("data blocks", fmt.Sprintf("at most %d", c.limit*bitmapEntries), c.sb.DataSpaceMap.Blocks)
	}
	if s := c.sb.DataBlockSize; s < minDataBlockSize || s > maxDataBlockSize || s%minDataBlockSize != 0 {
		fault("data block size", fmt.Sprintf("a multiple of %v up to %v", minDataBlockSize, maxDataBlockSize), s)
	}
}

// reference counts a pointer to block and reports whether block is one that may
// be pointed to.
func (c *checker) reference(block uint64) bool {
	if block == superblockBlock || block >= c.limit {
		return false
	}
	c.metadata.counted.inc(block)
	return true
}

// claim takes block, which is no tree node, for kind. It fails where the block
// is no metadata block or serves as something else.
func (c *checker) claim(block uint64, kind blockKind) *CorruptError {
	if !c.reference(block) {
		return corrupt(block, kind.String(), "place", "a metadata block", block)
	}
	state := c.states.at(block)
	if state.kind != unseen {
		return corrupt(block, kind.String(), "kind", kind, state.kind.String()+" elsewhere")
	}
	state.kind = kind
	c.report.MetadataUsed++
	return nil
}

// heldRoot walks the trees of the metadata snapshot, if there is one. Its
// superblock has no space maps.
func (c *checker) heldRoot(ctx context.Context) error {
	held := c.sb.HeldRoot
	if held == 0 {
		return nil
	}
	if err := c.claim(held, superblockKind); err != nil {
		c.report.fault(err)
		return nil
	}
	var block [BlockSize]byte
	err := c.readBlock(block[:], held, "held root")
	if err != nil {
		c.report.fault(asCorrupt(held, "held root", err))
		return nil
	}
	sb, err := DecodeSuperblock(block[:], held)
	if err != nil {
		c.report.fault(asCorrupt(held, "held root", err))
		return nil
	}
	return c.trees(ctx, sb, false)
}
