package pool

import (
	"math/bits"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// growing is data or metadata that may have to grow.
type growing struct {
	by     Growth
	has    lvm.Extents
	extent units.Sectors
	block  units.Sectors
	used   thin.Usage
	unit   lvm.Extents // it grows by multiples of this; 0: 1
	// most is how many extents the kernel uses; 0: no limit.
	most lvm.Extents
	// atLeast is how many blocks it must have for another reason than its mark.
	atLeast uint64
}

// outcome is what becomes of it.
type outcome struct {
	add     lvm.Extents
	marked  bool // the mark is reached, or atLeast not
	holds   bool // not, once add is there
	atLimit bool // its limit is why it does not hold; otherwise the VG is
}

// mostExtents is more than any VG has, and leaves room to count with.
const mostExtents lvm.Extents = 1 << 48

// reached reports whether so many used of total blocks are at the mark.
func reached(high int, used, total uint64) bool {
	if high <= 0 {
		return false
	}
	h1, l1 := bits.Mul64(used, 100)
	h2, l2 := bits.Mul64(total, uint64(high))
	return h1 > h2 || h1 == h2 && l1 >= l2
}

// beyond is the smallest number of blocks of which so many used are below the mark.
func beyond(high int, used uint64) uint64 {
	hi, lo := bits.Mul64(used, 100)
	if hi >= uint64(high) {
		return ^uint64(0)
	}
	q, _ := bits.Div64(hi, lo, uint64(high))
	return q + 1
}

// grow decides by how much it grows, where the VG has room for so many extents.
func (g *growing) grow(room lvm.Extents) outcome {
	if g.by.High <= 0 { // it never grows
		holds := g.used.Total >= g.atLeast
		return outcome{marked: !holds, holds: holds, atLimit: !holds}
	}
	wanted := max(beyond(g.by.High, g.used.Used), g.atLeast)
	if g.used.Total >= wanted {
		return outcome{holds: true}
	}
	o := outcome{marked: true}
	target := g.extentsFor(wanted)
	if target <= g.has {
		return o // the VG says that it is larger than the kernel knows
	}
	unit := max(g.unit, 1)
	step := (min(g.step(), mostExtents) + unit - 1) / unit * unit
	o.add = (target - g.has + step - 1) / step * step
	room -= room % unit
	if limit := g.limit(); o.add > limit {
		o.add, o.atLimit = limit, limit <= room
	}
	o.add = min(o.add, room)
	o.holds = g.has+o.add >= target
	o.atLimit = o.atLimit && !o.holds
	return o
}

// extentsFor is how many extents have so many blocks.
func (g *growing) extentsFor(blocks uint64) lvm.Extents {
	hi, sectors := bits.Mul64(blocks, uint64(g.block))
	if hi != 0 || sectors > ^uint64(0)-uint64(g.extent) || g.extent == 0 {
		return mostExtents
	}
	return lvm.Extents((sectors + uint64(g.extent) - 1) / uint64(g.extent))
}

// step is a step in extents, one at least.
func (g *growing) step() lvm.Extents { return max(extentsOf(g.by.Step, g.has, g.extent), 1) }

// limit is how many extents it may still get.
func (g *growing) limit() lvm.Extents {
	most := mostExtents
	if g.by.Limit > 0 {
		most = lvm.Extents(g.by.Limit.SectorsRoundDown() / g.extent)
	}
	if g.most > 0 {
		most = min(most, g.most)
	}
	left := most - min(most, g.has)
	return left - left%max(g.unit, 1)
}

// extentsOf is a share of whole, or a size, in extents, rounded up.
func extentsOf(a conf.Amount, whole lvm.Extents, extent units.Sectors) lvm.Extents {
	if a.Percent > 0 {
		return (whole*lvm.Extents(a.Percent) + 99) / 100
	}
	sectors := a.Size.SectorsRoundUp()
	return lvm.Extents(sectors/extent) + min(lvm.Extents(sectors%extent), 1)
}
