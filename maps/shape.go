package maps

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/rok-storage/rok/units"
)

// What the format has room for, and what a map gets where nothing is said.
const (
	MinBlockSize     = 64 * units.KiB
	MaxBlockSize     = 16 * units.MiB
	DefaultBlockSize = 4 * units.MiB
	MinDegree        = 16
	MaxDegree        = 1024
	AutoDegree       = 128
	// MaxSize is what an io.ReaderAt can address.
	MaxSize units.Bytes = math.MaxInt64
)

// Shape is all that a map's ids depend on besides the volume's content.
type Shape struct {
	// Version is 3 or 4. Zero means 3.
	Version int
	// Degree is the number of children of a tree's node, a power of two from
	// [MinDegree] to [MaxDegree]. Zero means a flat map; a v3 map has no other.
	Degree int
	// Hash makes the ids. Zero means [SHA256].
	Hash Hash
	// BlockSize is a power of two from [MinBlockSize] to [MaxBlockSize]. Zero means
	// [DefaultBlockSize].
	BlockSize units.Bytes
	// Size is the volume's, at most [MaxSize]; it needs not be whole blocks.
	Size units.Bytes
}

// Complete is s with the defaults in place of zeros. Errors match [ErrShape] or
// errors.ErrUnsupported.
func (s Shape) Complete() (Shape, error) {
	if s.Version == 0 {
		s.Version = 3
	}
	if s.Hash == 0 {
		s.Hash = SHA256
	}
	if s.BlockSize == 0 {
		s.BlockSize = DefaultBlockSize
	}
	switch {
	case s.Version != 3 && s.Version != 4:
		return s, &UnsupportedError{What: "version", Value: fmt.Sprint(s.Version), Known: "3, 4"}
	case s.Hash != SHA256 && s.Hash != BLAKE3:
		return s, &UnsupportedError{What: "hash", Value: fmt.Sprint(uint8(s.Hash)), Known: "1 (sha256), 2 (blake3)"}
	case s.BlockSize < MinBlockSize || s.BlockSize > MaxBlockSize || !powerOfTwo(uint64(s.BlockSize)):
		return s, fmt.Errorf("maps: block size %s: want a power of two from %s to %s: %w", s.BlockSize, MinBlockSize, MaxBlockSize, ErrShape)
	case s.Degree != 0 && s.Version == 3:
		return s, fmt.Errorf("maps: degree %d: a v3 map is flat: %w", s.Degree, ErrShape)
	case s.Degree != 0 && (s.Degree < MinDegree || s.Degree > MaxDegree || !powerOfTwo(uint64(s.Degree))):
		return s, fmt.Errorf("maps: degree %d: want a power of two from %d to %d: %w", s.Degree, MinDegree, MaxDegree, ErrShape)
	case s.Size > MaxSize:
		return s, fmt.Errorf("maps: size %d: at most %d bytes: %w", uint64(s.Size), uint64(MaxSize), ErrShape)
	}
	return s, nil
}

func powerOfTwo(n uint64) bool { return bits.OnesCount64(n) == 1 }

// Blocks is the number of blocks of the volume, the last of which may be a part of one.
func (s Shape) Blocks() uint64 {
	n := uint64(s.Size / s.BlockSize)
	if s.Size%s.BlockSize != 0 {
		n++
	}
	return n
}

// Height is the number of levels of the tree: the least with which the leaves have
// room for all blocks, and at least 1. It is 0 for a flat map.
func (s Shape) Height() int {
	if s.Degree == 0 {
		return 0
	}
	shift := s.degreeShift()
	h := 1
	for last := max(s.Blocks(), 1) - 1; last>>(shift*h) != 0; {
		h++
	}
	return h
}

func (s Shape) degreeShift() int { return bits.TrailingZeros(uint(s.Degree)) }
func (s Shape) blockShift() int  { return bits.TrailingZeros64(uint64(s.BlockSize)) }

// length is how many bytes of the volume are in block index.
func (s Shape) length(index uint64) int {
	return int(min(s.BlockSize, s.Size-units.Bytes(index)*s.BlockSize))
}
