package metadata

// putDataMap writes the space map of as many data blocks: a bitmap for each
// 16,320 of them, the index, and the tree of the counts that a bitmap cannot hold.
func (b *blockWriter) putDataMap(counts *tally, blocks uint64) SpaceMapRoot {
	root := SpaceMapRoot{Blocks: blocks}
	index, refCounts := newTreeWriter(b, indexEntrySize), newTreeWriter(b, refCountSize)
	for i := range counts.pages {
		first := uint64(i) * bitmapEntries
		bits := bitmap{make([]byte, BlockSize-bitmapHeaderSize)}
		entry := indexEntry{free: bitmapEntries, noneFreeBefore: bitmapEntries}
		for j := range int(min(blocks-first, bitmapEntries)) {
			var count uint32
			if counts.pages[i] != nil {
				count = counts.get(first + uint64(j))
			}
			if count == 0 {
				entry.noneFreeBefore = min(entry.noneFreeBefore, uint32(j))
				if counts.pages[i] == nil {
					break
				}
				continue
			}
			entry.free--
			root.Allocated++
			bits.set(j, uint8(min(count, bitmapOverflow)))
			if count >= bitmapOverflow {
				refCounts.add(first+uint64(j), appendRefCount(nil, count))
			}
		}
		entry.block = b.putBitmap(bits)
		index.add(uint64(i), appendIndexEntry(nil, entry))
	}
	root.BitmapRoot, root.RefCountRoot = index.finish(), refCounts.finish()
	return root
}

func (b *blockWriter) putBitmap(bits bitmap) uint64 {
	return b.put(func(buf []byte, at uint64) []byte { return appendBitmap(buf, at, bits) })
}

// putMetadataMap writes the space map of the metadata, as the last of what is
// written but the superblock. All blocks given out so far, and those that it takes
// itself, have one reference, and as many more as shared says, which may be nil; they
// lie in front of all others.
func (b *blockWriter) putMetadataMap(shared *tally) SpaceMapRoot {
	root := SpaceMapRoot{Blocks: b.limit}
	refCounts := newTreeWriter(b, refCountSize)
	more := func(block uint64) uint32 {
		if shared == nil {
			return 0
		}
		return shared.get(block)
	}
	for block, end := uint64(0), min(b.next, b.limit); shared != nil && block < end; block++ {
		if n := more(block); n+1 >= bitmapOverflow {
			refCounts.add(block, appendRefCount(nil, n+1))
		}
	}
	root.RefCountRoot = refCounts.finish()
	root.Allocated = b.next + ceil(b.limit, bitmapEntries) + 1
	var entries []indexEntry
	for first := uint64(0); first < b.limit; first += bitmapEntries {
		used := min(root.Allocated-min(root.Allocated, first), bitmapEntries)
		bits := bitmap{make([]byte, BlockSize-bitmapHeaderSize)}
		for i := range used {
			bits.set(int(i), uint8(min(more(first+i)+1, bitmapOverflow)))
		}
		// The kernel counts the entries behind the end of the device as free, so
		// that they are when it grows.
		entries = append(entries, indexEntry{
			block: b.putBitmap(bits), free: uint32(bitmapEntries - used), noneFreeBefore: uint32(used),
		})
	}
	root.BitmapRoot = b.put(func(buf []byte, at uint64) []byte { return appendIndex(buf, at, entries) })
	return root
}

// withMetadataMap is the least size of a device on which others blocks are in
// use beside those of its own space map.
func withMetadataMap(others uint64) uint64 {
	// Each bitmap takes one of the blocks that it describes.
	total := others + 2 + ceil(others+2, bitmapEntries-1)
	return total
}
