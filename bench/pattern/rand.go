package pattern

import "math/bits"

// Rand is SplitMix64, a generator of 64-bit numbers with one word of state and
// the full period of 2^64 (Steele, Lea, Flood, OOPSLA 2014). It is fast enough
// for the path of each I/O, and not for secrets. The zero value is a valid
// generator seeded with 0.
type Rand struct{ state uint64 }

// NewRand returns a generator with the given seed.
func NewRand(seed uint64) Rand { return Rand{seed} }

// Uint64 is the next number.
func (r *Rand) Uint64() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Below is uniform in [0, n), by Lemire's multiplication with rejection
// (ACM TOMACS 29(1), 2019), so without bias. n must not be 0.
func (r *Rand) Below(n uint64) uint64 {
	hi, lo := bits.Mul64(r.Uint64(), n)
	if lo < n {
		for threshold := -n % n; lo < threshold; {
			hi, lo = bits.Mul64(r.Uint64(), n)
		}
	}
	return hi
}
