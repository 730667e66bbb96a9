package pattern

import "math/bits"

// rounds of mixing per number. Three leave visible structure in domains of a
// few thousand blocks; four pass the package's tests with room.
const rounds = 4

// Permutation is a pseudo-random order of the numbers 0 … n-1, computed and
// not stored.
//
// Each round maps k-bit numbers, 2^k being the power of two at or above n, one
// to one onto themselves: exclusive or with a key, multiplication with an odd
// key modulo 2^k, and an exclusive or with the upper half. Numbers that land
// at n or above are mapped again until they fall inside (cycle walking), fewer
// than two steps on average; that too is one to one.
type Permutation struct {
	n     uint64
	mask  uint64
	shift uint
	xor   [rounds]uint64
	mul   [rounds]uint64
}

// NewPermutation draws an order of 0 … n-1 from r.
func NewPermutation(n uint64, r *Rand) Permutation {
	width := uint(max(bits.Len64(max(n, 1)-1), 1))
	p := Permutation{n: n, mask: 1<<width - 1, shift: (width + 1) / 2}
	for i := range rounds {
		p.xor[i] = r.Uint64()
		p.mul[i] = r.Uint64() | 1
	}
	return p
}

// At is the i-th number of the order. i must be below n.
func (p *Permutation) At(i uint64) uint64 {
	for {
		for round := range rounds {
			i = (i ^ p.xor[round]) & p.mask
			i = i * p.mul[round] & p.mask
			i ^= i >> p.shift
		}
		if i < p.n {
			return i
		}
	}
}
