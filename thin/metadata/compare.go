package metadata

import (
	"context"
	"fmt"
)

// compareMaps holds the counts of the walk against those of the space maps.
func (c *checker) compareMaps(ctx context.Context) error {
	// Behind a damaged node there may be more references than were counted. What is
	// counted too low is a fault all the same; what is too high says nothing. The
	// same holds behind mappings that were not walked.
	whole := c.report.FaultCount == 0
	if err := c.compare(ctx, &c.metadata, &c.report.MetadataLeaks, whole); err != nil {
		return err
	}
	return c.compare(ctx, &c.data, &c.report.DataLeaks, whole)
}

func (c *checker) compare(ctx context.Context, sm *spaceMap, leaks *Leaks, whole bool) error {
	var block [BlockSize]byte
	var allocated uint64
	for i, entry := range sm.index {
		if err := ctx.Err(); err != nil {
			return err
		}
		if entry.block == superblockBlock {
			whole = false
			continue
		}
		err := c.readBlock(block[:], entry.block, bitmapKind.String())
		var bits bitmap
		if err == nil {
			bits, err = decodeBitmap(block[:], entry.block)
		}
		if err != nil {
			c.report.fault(asCorrupt(entry.block, bitmapKind.String(), err))
			whole = false
			continue
		}
		page := pageCheck{checker: c, sm: sm, number: i, entry: entry, bits: bits}
		page.run(leaks, whole && !c.quick)
		allocated += page.used
	}
	if whole && allocated != sm.root.Allocated {
		c.report.warn(corrupt(superblockBlock, "superblock", "allocated "+sm.name+" blocks",
			allocated, sm.root.Allocated))
	}
	return nil
}

// pageCheck is the comparison of one bitmap.
type pageCheck struct {
	*checker
	sm     *spaceMap
	number int
	entry  indexEntry
	bits   bitmap
	used   uint64
}

func (p *pageCheck) run(leaks *Leaks, whole bool) {
	first := uint64(p.number) * bitmapEntries
	inUse := int(min(p.sm.root.Blocks-first, bitmapEntries))
	firstFree := bitmapEntries
	for i := range inUse {
		block := first + uint64(i)
		recorded, counted := p.recorded(i, block), p.sm.counted.get(block)
		if counted > 0 && p.sm == &p.data {
			p.report.DataBlocks++
		}
		if recorded > 0 {
			p.used++
		} else if firstFree == bitmapEntries {
			firstFree = i
		}
		switch {
		case recorded < counted:
			p.report.fault(p.wrong("references to", block, counted, recorded))
		case recorded > counted && whole:
			leaks.add(block)
		}
	}
	for i := inUse; i < bitmapEntries; i++ {
		if i%4 == 0 && p.bits.entries[i/4] == 0 {
			i += 3
		} else if found := p.bits.at(i); found != 0 {
			p.report.warn(p.wrong("entry past the end for", first+uint64(i), 0, uint32(found)))
		}
	}
	p.hints(inUse, firstFree)
}

// recorded is the map's reference count of block, which is entry i of the
// bitmap.
func (p *pageCheck) recorded(i int, block uint64) uint32 {
	small, large := uint32(p.bits.at(i)), p.sm.recorded.get(block)
	switch {
	case small < bitmapOverflow && large != 0:
		// The kernel would go on from the stale count when it next has to
		// record one for this block.
		p.report.fault(p.wrong("stale reference count of", block, 0, large))
	case small == bitmapOverflow && large == 0:
		p.report.fault(p.wrong("reference count of", block, bitmapOverflow, 0))
	case small == bitmapOverflow:
		return large
	}
	return small
}

// hints checks the fields by which the kernel finds free blocks faster. It
// starts with as many free blocks as a bitmap has entries, even if the
// device ends before; thin_restore counts only those of the device.
func (p *pageCheck) hints(inUse, firstFree int) {
	what := fmt.Sprintf("of bitmap %d of the %s space map", p.number, p.sm.name)
	free := uint64(p.entry.free)
	if full := bitmapEntries - p.used; free != full && free != uint64(inUse)-p.used {
		p.report.warn(corrupt(p.entry.block, bitmapKind.String(), "free blocks "+what, full, free))
	}
	if p.entry.noneFreeBefore > uint32(firstFree) {
		p.report.warn(corrupt(p.entry.block, bitmapKind.String(), "first free block "+what,
			fmt.Sprintf("at most %d", firstFree), p.entry.noneFreeBefore))
	}
}

func (p *pageCheck) wrong(what string, block uint64, expected, found uint32) *CorruptError {
	what = fmt.Sprintf("%s %s block %d", what, p.sm.name, block)
	return corrupt(p.entry.block, bitmapKind.String(), what, expected, found)
}
