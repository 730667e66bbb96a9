package hist

import "math/bits"

// The geometry of fio's stat.h: FIO_IO_U_PLAT_BITS, FIO_IO_U_PLAT_VAL and
// FIO_IO_U_PLAT_GROUP_NR.
const (
	bucketBits = 6
	groupSize  = 1 << bucketBits
	groups     = 29

	// Buckets is the number of buckets of a [Histogram]: FIO_IO_U_PLAT_NR.
	Buckets = groups * groupSize
)

// Index is the bucket that counts ns. Values beyond the last bucket's lower
// end (about 34 s) are counted in the last one, negative ones in the first.
func Index(ns int64) int {
	if ns < 2*groupSize {
		return int(max(ns, 0))
	}
	shift := bits.Len64(uint64(ns)) - bucketBits - 1
	index := (shift+1)<<bucketBits + int(ns>>shift)&(groupSize-1)
	return min(index, Buckets-1)
}

// Middle is the value in nanoseconds that stands for a bucket: the middle of
// its range, in fio's integer arithmetic. It is the key of fio's json+ bins.
func Middle(index int) int64 {
	if index < 2*groupSize {
		return int64(index)
	}
	shift := index>>bucketBits - 1
	base := int64(1) << (shift + bucketBits)
	k := int64(index & (groupSize - 1))
	return base + k<<shift + 1<<shift>>1
}
