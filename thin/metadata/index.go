package metadata

import "encoding/binary"

const (
	indexEntrySize   = 16
	indexHeaderSize  = 16
	maxIndexEntries  = 255 // MAX_METADATA_BITMAPS, persistent-data/dm-space-map-common.h
	maxMetadataBlock = maxIndexEntries * bitmapEntries
)

// indexEntry is struct disk_index_entry of persistent-data/dm-space-map-common.h:
// one bitmap of a space map.
type indexEntry struct {
	block uint64
	// free and noneFreeBefore steer the kernel's search for a free block. Wrong
	// ones hide free blocks from it; they never make it take a used one.
	free           uint32
	noneFreeBefore uint32
}

func decodeIndexEntry(b []byte) indexEntry {
	le := binary.LittleEndian
	return indexEntry{
		block:          le.Uint64(b),
		free:           le.Uint32(b[8:]),
		noneFreeBefore: le.Uint32(b[12:]),
	}
}

func appendIndexEntry(b []byte, e indexEntry) []byte {
	le := binary.LittleEndian
	b = le.AppendUint64(b, e.block)
	b = le.AppendUint32(b, e.free)
	return le.AppendUint32(b, e.noneFreeBefore)
}

// decodeIndex reads struct disk_metadata_index, the index of the metadata space
// map: a header of checksum, padding and block number, and up to 255 entries,
// of which the first n are in use.
func decodeIndex(block []byte, at uint64, n int) ([]indexEntry, error) {
	const record = "metadata space map index"
	if err := verify(block, at, record, indexSalt); err != nil {
		return nil, err
	}
	if found := binary.LittleEndian.Uint32(block[4:]); found != 0 {
		return nil, corrupt(at, record, "padding", 0, found)
	}
	if n > maxIndexEntries {
		return nil, corrupt(at, record, "entries", "at most 255", n)
	}
	entries := make([]indexEntry, n)
	for i := range entries {
		entries[i] = decodeIndexEntry(block[indexHeaderSize+i*indexEntrySize:])
	}
	return entries, nil
}

// appendIndex appends the whole index block, which is to lie in block at and has
// room for 255 entries.
func appendIndex(b []byte, at uint64, entries []indexEntry) []byte {
	start := len(b)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint64(b, at)
	for _, e := range entries {
		b = appendIndexEntry(b, e)
	}
	b = append(b, make([]byte, BlockSize-(len(b)-start))...)
	seal(b[start:], indexSalt)
	return b
}
