package maps

import (
	"encoding/binary"
	"fmt"

	"github.com/rok-storage/rok/units"
)

// Sizes and values of a map's first bytes: docs/map-format.md, "Header".
const (
	magicV3     = "RKM3"
	magicV4     = "RKM4"
	headerSize3 = 28
	headerSize4 = 68
	// flagStripped says that the id of a block leaves out the zeros at its end. There
	// is no other way, and the bit is there so that no reader needs to guess.
	flagStripped = 1
)

// Header is what a map is, without its attributes.
type Header struct {
	Shape
	// NonZero is the number of blocks that are not zeros.
	NonZero uint64
	// Body leads to the ids: the root of a tree, the last page of a flat v4 map, or the
	// digest of a v3 map. It is zero for a v4 map of nothing but zeros.
	Body ID
}

// Root is one id for the whole map: equal for equal content, size, block size,
// hash and shape, and different where one of them differs.
func (h Header) Root() ID {
	if h.Version == 3 {
		return h.Body
	}
	return h.Hash.Sum(h.appendHeader(nil))
}

// appendHeader appends h; of a v3 map, what is known before its ids are.
func (h Header) appendHeader(dst []byte) []byte {
	be := binary.BigEndian
	start := len(dst)
	magic, size := magicV3, headerSize3
	if h.Version == 4 {
		magic, size = magicV4, headerSize4
	}
	shift := 0
	if h.Degree != 0 {
		shift = h.degreeShift()
	}
	dst = append(dst, magic...)
	dst = be.AppendUint16(dst, uint16(h.Version))
	dst = be.AppendUint16(dst, uint16(size))
	dst = append(dst, byte(h.Hash), byte(h.blockShift()), byte(shift), byte(h.Height()))
	dst = be.AppendUint32(dst, flagStripped)
	dst = be.AppendUint64(dst, uint64(h.Size))
	if h.Version == 4 {
		dst = be.AppendUint64(dst, h.NonZero)
		dst = append(dst, h.Body[:]...)
	}
	return be.AppendUint32(dst, checksum(dst[start:]))
}

// headerSize is the length of a header that begins with b, which has at least
// headerSize3 bytes.
func headerSize(b []byte) (int, error) {
	be := binary.BigEndian
	magic, version, size := string(b[:4]), be.Uint16(b[4:]), 0
	switch magic {
	case magicV3:
		size = headerSize3
	case magicV4:
		size = headerSize4
	default:
		if magic[:3] == magicV3[:3] && magic[3] >= '5' && magic[3] <= '9' {
			return 0, &UnsupportedError{What: "version", Value: magic[3:], Known: "3, 4"}
		}
		return 0, fault("magic", "RKM3 or RKM4", fmt.Sprintf("%q", magic)).in("header", ID{}, 0, 0)
	}
	if want := uint16(magic[3] - '0'); version != want {
		return 0, fault("version", want, version).in("header", ID{}, 0, 0)
	}
	if found := int(be.Uint16(b[6:])); found != size {
		return 0, fault("length", size, found).in("header", ID{}, 0, 0)
	}
	return size, nil
}

// parseHeader reads a header of the size that headerSize tells. It is refused unless
// appendHeader gives the same bytes back.
func parseHeader(b []byte) (Header, error) {
	corrupt := func(what string, expected, found any) (Header, error) {
		return Header{}, fault(what, expected, found).in("header", ID{}, 0, 0)
	}
	be := binary.BigEndian
	end := len(b) - 4
	if want, found := checksum(b[:end]), be.Uint32(b[end:]); want != found {
		return corrupt("checksum", want, found)
	}
	if flags := be.Uint32(b[12:]); flags != flagStripped {
		return Header{}, &UnsupportedError{What: "flags", Value: fmt.Sprintf("%#x", flags), Known: "0x1"}
	}
	h := Header{Shape: Shape{Version: int(be.Uint16(b[4:])), Hash: Hash(b[8]), Size: units.Bytes(be.Uint64(b[16:]))}}
	if h.Hash != SHA256 && h.Hash != BLAKE3 {
		return Header{}, &UnsupportedError{What: "hash", Value: fmt.Sprint(b[8]), Known: "1 (sha256), 2 (blake3)"}
	}
	if b[9] < 16 || b[9] > 24 {
		return corrupt("block size", "2^16 to 2^24", fmt.Sprintf("2^%d", b[9]))
	}
	h.BlockSize = 1 << b[9]
	switch shift := b[10]; {
	case shift == 0:
	case h.Version == 3 || shift < 4 || shift > 10:
		return corrupt("degree", "0, or in v4 2^4 to 2^10", fmt.Sprintf("2^%d", shift))
	default:
		h.Degree = 1 << shift
	}
	if h.Size > MaxSize {
		return corrupt("size", fmt.Sprint("at most ", uint64(MaxSize)), uint64(h.Size))
	}
	if int(b[11]) != h.Height() {
		return corrupt("height", h.Height(), b[11])
	}
	if h.Version == 3 {
		return h, nil
	}
	h.NonZero = be.Uint64(b[24:])
	copy(h.Body[:], b[32:])
	if h.NonZero > h.Blocks() {
		return corrupt("blocks that are not zero", fmt.Sprint("at most ", h.Blocks()), h.NonZero)
	}
	if h.Body.IsZero() != (h.NonZero == 0) {
		return corrupt("body", "an id where there are blocks, and only there", h.Body)
	}
	return h, nil
}
