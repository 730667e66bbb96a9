package pattern

import "fmt"

// Order is the order of a [Generator]. The zero value is Sequential.
type Order uint8

const (
	// Sequential goes from the first block to the last.
	Sequential Order = iota
	// Random visits every block once per pass in random order, a new one each
	// pass: fio's default, the random map.
	Random
	// RandomRepeat draws every block anew, so that some come twice before
	// others come at all: fio's norandommap.
	RandomRepeat
)

// Region is what a [Generator] covers, in bytes: blocks at Offset,
// Offset+Stride, Offset+2 Stride … that lie below Offset+Size. A block is
// BlockSize long; one that would reach beyond the end is left out.
type Region struct {
	Offset, Size int64
	BlockSize    int64
	Stride       int64 // 0: BlockSize
}

// Blocks is the number of blocks of the region.
func (r Region) Blocks() uint64 {
	stride := max(r.Stride, r.BlockSize)
	if r.BlockSize <= 0 || r.Size < r.BlockSize {
		return 0
	}
	return uint64((r.Size-r.BlockSize)/stride) + 1
}

// Part is the i-th of n near-equal runs of the region's blocks; together the
// parts hold each block exactly once.
func (r Region) Part(i, n int) Region {
	blocks, stride := r.Blocks(), max(r.Stride, r.BlockSize)
	from := int64(blocks) * int64(i) / int64(n)
	to := int64(blocks) * int64(i+1) / int64(n)
	end := r.Offset + r.Size
	r.Offset += from * stride
	if to < int64(blocks) {
		end = r.Offset + (to-from)*stride
	}
	r.Size = end - r.Offset
	if from == to {
		r.Size = 0
	}
	return r
}

// Generator yields the offsets of one job. It is a value without pointers;
// [Generator.Next] allocates nothing.
type Generator struct {
	order  Order
	offset int64
	stride int64
	blocks uint64
	next   uint64 // blocks of this pass that were yielded
	passes uint64 // 0: without end
	rand   Rand
	perm   Permutation
}

// New returns a generator over region, which must hold at least one block.
// It ends after the given number of passes; 0 means never. A pass of
// RandomRepeat is as many blocks as the region holds.
func New(order Order, region Region, passes uint64, seed uint64) (Generator, error) {
	if region.Offset < 0 || region.Blocks() == 0 {
		return Generator{}, fmt.Errorf("pattern: no block of %d bytes in %d bytes at %d", region.BlockSize, region.Size, region.Offset)
	}
	g := Generator{
		order: order, offset: region.Offset, stride: max(region.Stride, region.BlockSize),
		blocks: region.Blocks(), passes: passes, rand: NewRand(seed),
	}
	g.perm = NewPermutation(g.blocks, &g.rand)
	return g, nil
}

// Next is the offset in bytes of the next block; ok is false, and stays so,
// when all passes are over.
func (g *Generator) Next() (offset int64, ok bool) {
	if g.next == g.blocks && !g.rewind() {
		return 0, false
	}
	n := g.next
	g.next++
	switch g.order {
	case Random:
		n = g.perm.At(n)
	case RandomRepeat:
		n = g.rand.Below(g.blocks)
	}
	return g.offset + int64(n)*g.stride, true
}

// rewind begins the next pass, if there is one.
func (g *Generator) rewind() bool {
	if g.passes == 1 {
		return false
	}
	if g.passes > 1 {
		g.passes--
	}
	g.next = 0
	if g.order == Random {
		g.perm = NewPermutation(g.blocks, &g.rand)
	}
	return true
}
