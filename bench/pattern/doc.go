// Package pattern says in which order a job addresses the blocks of its region.
//
// A [Generator] yields byte offsets, one per I/O, without allocation and
// without memory that grows with the region: where every block must come once
// per pass (fio's random map), a keyed permutation of the block numbers takes
// the place of a bitmap. The package is pure; equal seeds give equal orders.
package pattern
