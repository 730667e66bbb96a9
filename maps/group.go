package maps

import (
	"fmt"
	"math/bits"
)

// A group is what pages and nodes have in common: ids side by side, of which those
// that stand for zeros are not written. In bytes it is a bitmap, in which bit i%8 of
// byte i/8 is set where id i is written, and the ids. In memory it is a slice
// of as many IDs as it has places.

// groupSize is the most that a group of n places takes.
func groupSize(n int) int { return n/8 + n*IDSize }

func appendGroup(dst []byte, ids []ID) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, len(ids)/8)...)
	for i := range ids {
		if !ids[i].IsZero() {
			dst[start+i/8] |= 1 << (i % 8)
			dst = append(dst, ids[i][:]...)
		}
	}
	return dst
}

// countGroup is the number of ids that follow a bitmap.
func countGroup(bitmap []byte) (n int) {
	for _, b := range bitmap {
		n += bits.OnesCount8(b)
	}
	return n
}

// parseGroup reads a group that b consists of into all of ids. Only the first limit
// places exist in the volume.
func parseGroup(ids []ID, b []byte, limit uint64) *CorruptError {
	bitmap := len(ids) / 8
	if len(b) < bitmap {
		return fault("length", fmt.Sprintf("a bitmap of %d bytes", bitmap), len(b))
	}
	n := countGroup(b[:bitmap])
	if n == 0 {
		return fault("ids", "at least one", "none")
	}
	if want := bitmap + n*IDSize; len(b) != want {
		return fault("length", fmt.Sprintf("%d for %d ids", want, n), len(b))
	}
	rest := b[bitmap:]
	for at, bits := range b[:bitmap] {
		for i := at * 8; i < at*8+8; i++ {
			if bits>>(i%8)&1 == 0 {
				ids[i] = ID{}
				continue
			}
			if uint64(i) >= limit {
				return fault("id behind the volume's end", fmt.Sprintf("%d places", limit), fmt.Sprintf("one at place %d", i))
			}
			ids[i] = ID(rest)
			rest = rest[IDSize:]
			if ids[i].IsZero() {
				return fault("id", "none for zeros", fmt.Sprintf("a zero id at place %d", i))
			}
		}
	}
	return nil
}
