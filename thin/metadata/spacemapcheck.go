package metadata

import (
	"context"
	"fmt"
)

// spaceMap is one of the two space maps during a check.
type spaceMap struct {
	name     string
	root     SpaceMapRoot
	index    []indexEntry // block is 0 where the entry is not known
	recorded *tally       // the counts above 2 that the map holds
	counted  *tally       // the references that the walk found
}

// newSpaceMap makes room for as many bitmaps as root asks for. There cannot be
// more than metadata blocks, whatever it says.
func (c *checker) newSpaceMap(name string, root SpaceMapRoot) spaceMap {
	n := int(min(root.bitmaps(), c.limit))
	if name == "metadata" {
		// Its index is one block.
		n = min(n, maxIndexEntries)
	}
	return spaceMap{
		name: name, root: root,
		index:    make([]indexEntry, n),
		recorded: newTally(n),
		counted:  newTally(n),
	}
}

// reference counts a use of block, if the map has a place for it.
func (s *spaceMap) reference(block uint64) {
	if block/bitmapEntries < uint64(len(s.index)) {
		s.counted.inc(block)
	}
}

// openMetadataMap reads the index and the reference counts of the metadata space map.
func (c *checker) openMetadataMap(ctx context.Context) error {
	sm := &c.metadata
	at := sm.root.BitmapRoot
	if err := c.claim(at, indexKind); err != nil {
		c.report.fault(err)
	} else if err := c.readIndex(at); err != nil {
		c.report.fault(asCorrupt(at, indexKind.String(), err))
	}
	return c.openRefCounts(ctx, sm)
}

func (c *checker) readIndex(at uint64) error {
	var block [BlockSize]byte
	if err := c.readBlock(block[:], at, indexKind.String()); err != nil {
		return err
	}
	entries, err := decodeIndex(block[:], at, len(c.metadata.index))
	if err != nil {
		return err
	}
	for i, e := range entries {
		c.openBitmap(&c.metadata, i, e)
	}
	return nil
}

// openDataMap reads the index and the reference counts of the data space map.
func (c *checker) openDataMap(ctx context.Context) error {
	sm := &c.data
	w := &walk{check: c, kind: indexNode, valueSize: indexEntrySize}
	w.leaf = func(_ context.Context, n node, _ bool) error {
		for i := range n.entries {
			if key := n.key(i); key < uint64(len(sm.index)) {
				c.openBitmap(sm, int(key), decodeIndexEntry(n.value(i)))
			} else {
				w.fault(corrupt(w.block(), w.kind.String(), "bitmap",
					fmt.Sprintf("less than %d", len(sm.index)), key), Range{})
			}
		}
		return nil
	}
	ok, err := c.root(ctx, w, c.sb, sm.root.BitmapRoot)
	if err != nil {
		return err
	}
	for i := range sm.index {
		if ok && sm.index[i].block == 0 {
			c.report.fault(corrupt(sm.root.BitmapRoot, indexNode.String(),
				fmt.Sprintf("bitmap %d", i), "present", "missing"))
		}
	}
	return c.openRefCounts(ctx, sm)
}

// openBitmap takes e for entry i of sm's index, if the block it names is free for that.
func (c *checker) openBitmap(sm *spaceMap, i int, e indexEntry) {
	if err := c.claim(e.block, bitmapKind); err != nil {
		err.What = fmt.Sprintf("bitmap %d of the %s space map: %s", i, sm.name, err.What)
		c.report.fault(err)
		// Not a missing entry, and no bitmap to read either.
		e.block = superblockBlock
	}
	sm.index[i] = e
}

func (c *checker) openRefCounts(ctx context.Context, sm *spaceMap) error {
	w := &walk{check: c, kind: refCountNode, valueSize: 4}
	w.leaf = func(_ context.Context, n node, _ bool) error {
		for i := range n.entries {
			block, count := n.key(i), decodeRefCount(n.value(i))
			switch {
			case block >= sm.root.Blocks:
				w.fault(corrupt(w.block(), w.kind.String(), sm.name+" block",
					fmt.Sprintf("less than %d", sm.root.Blocks), block), Range{})
			case count < bitmapOverflow:
				w.fault(corrupt(w.block(), w.kind.String(), fmt.Sprintf("count of %s block %d", sm.name, block),
					"at least 3", count), Range{})
			case block/bitmapEntries < uint64(len(sm.index)):
				sm.recorded.set(block, count)
			}
		}
		return nil
	}
	_, err := c.root(ctx, w, c.sb, sm.root.RefCountRoot)
	return err
}
