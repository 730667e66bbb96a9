package metadata

// blockUse remembers of each block of a device whether it was used never, once, or
// more often: two bits a block, in pages of as many blocks as a bitmap holds, made
// at first use.
type blockUse struct {
	pages []*[bitmapEntries / 4]uint8
}

// newBlockUse has room for as many blocks as that number of bitmaps describe.
func newBlockUse(bitmaps uint64) *blockUse {
	return &blockUse{make([]*[bitmapEntries / 4]uint8, bitmaps)}
}

// add counts a use of block, and reports whether there is room for it.
func (u *blockUse) add(block uint64) bool {
	if block/bitmapEntries >= uint64(len(u.pages)) {
		return false
	}
	page := u.pages[block/bitmapEntries]
	if page == nil {
		page = new([bitmapEntries / 4]uint8)
		u.pages[block/bitmapEntries] = page
	}
	at, shift := block%bitmapEntries/4, block%4*2
	if page[at]>>shift&3 < 2 {
		page[at] += 1 << shift
	}
	return true
}

// once reports whether block was used once.
func (u *blockUse) once(block uint64) bool {
	if block/bitmapEntries >= uint64(len(u.pages)) {
		return false
	}
	page := u.pages[block/bitmapEntries]
	return page != nil && page[block%bitmapEntries/4]>>(block%4*2)&3 == 1
}
