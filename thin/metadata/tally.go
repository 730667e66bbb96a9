package metadata

// tally is a reference count for each block of a device. It costs a byte a
// block, in pages of as many blocks as a bitmap holds, made when a count in them
// is first set, and a map entry for each count from countMany on.
type tally struct {
	pages []*[bitmapEntries]uint8
	many  map[uint64]uint32
}

const countMany = 255 // the count is in tally.many

// newTally has room for as many blocks as that number of bitmaps describe.
func newTally(bitmaps int) *tally {
	return &tally{pages: make([]*[bitmapEntries]uint8, bitmaps), many: map[uint64]uint32{}}
}

func (c *tally) get(block uint64) uint32 {
	page := c.pages[block/bitmapEntries]
	if page == nil {
		return 0
	}
	if n := page[block%bitmapEntries]; n < countMany {
		return uint32(n)
	}
	return c.many[block]
}

func (c *tally) set(block uint64, count uint32) {
	page := c.pages[block/bitmapEntries]
	if page == nil {
		page = new([bitmapEntries]uint8)
		c.pages[block/bitmapEntries] = page
	}
	if count < countMany {
		page[block%bitmapEntries] = uint8(count)
		delete(c.many, block)
		return
	}
	page[block%bitmapEntries] = countMany
	c.many[block] = count
}

// inc adds a reference to block.
func (c *tally) inc(block uint64) {
	if page := c.pages[block/bitmapEntries]; page != nil && page[block%bitmapEntries] < countMany-1 {
		page[block%bitmapEntries]++
		return
	}
	c.set(block, c.get(block)+1)
}

// above is how many blocks have a count above small, which is less than countMany.
func (c *tally) above(small uint8) (n uint64) {
	for _, page := range c.pages {
		if page == nil {
			continue
		}
		for _, count := range page {
			if count > small {
				n++
			}
		}
	}
	return n
}
