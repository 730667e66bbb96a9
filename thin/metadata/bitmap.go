package metadata

import "encoding/binary"

const (
	bitmapHeaderSize = 16                                 // sizeof(struct disk_bitmap_header)
	bitmapEntries    = (BlockSize - bitmapHeaderSize) * 4 // two bits each
	bitmapOverflow   = 3                                  // the count is in the reference count tree
)

// bitmap is a block of a space map, struct disk_bitmap_header and two bits a
// block: its reference count, or [bitmapOverflow]. It is a view of the bytes
// that it was decoded from.
type bitmap struct {
	entries []byte
}

func decodeBitmap(block []byte, at uint64) (bitmap, error) {
	const record = "space map bitmap"
	if err := verify(block, at, record, bitmapSalt); err != nil {
		return bitmap{}, err
	}
	if found := binary.LittleEndian.Uint32(block[4:]); found != 0 {
		return bitmap{}, corrupt(at, record, "padding", 0, found)
	}
	return bitmap{block[bitmapHeaderSize:BlockSize]}, nil
}

// at is entry i. The kernel stores the two bits the other way round: the lower
// one holds the 2, the upper one the 1 (sm_lookup_bitmap,
// persistent-data/dm-space-map-common.c).
func (m bitmap) at(i int) uint8 {
	raw := m.entries[i/4] >> (2 * (i % 4))
	return raw&1<<1 | raw>>1&1
}

func (m bitmap) set(i int, count uint8) {
	shift := 2 * (i % 4)
	raw := count&1<<1 | count>>1&1
	m.entries[i/4] = m.entries[i/4]&^(3<<shift) | raw<<shift
}

// appendBitmap appends the whole block, which is to lie in block at.
func appendBitmap(b []byte, at uint64, m bitmap) []byte {
	start := len(b)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint64(b, at)
	b = append(b, m.entries...)
	seal(b[start:], bitmapSalt)
	return b
}
