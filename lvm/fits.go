package lvm

// noSpace says why d does not fit.
func (b *Batch) noSpace(d *demand, list []candidate) *NoSpaceError {
	before := b.layout(d.lv)
	e := &NoSpaceError{
		Wanted: d.extents, More: d.lv != nil, Metadata: d.metadata, Spare: d.spare,
		Usable: b.freeOf(list), Policy: d.policy, Stripes: d.stripes, ExtentSize: b.vg.ExtentSize,
		behind: before != nil && len(before.last) == d.stripes,
	}
	for i, space := range b.space {
		e.Free += space.total
		if !b.pvs[i].Allocatable() || b.pvs[i].Missing() {
			e.NotAllocatable += space.total
		}
	}
	e.NotNamed = e.Free - e.NotAllocatable - e.Usable
	for _, l := range b.lists(list) {
		if !l.empty() {
			e.StripePVs++
			e.Longest = max(e.Longest, l.head.next.length)
		}
	}
	e.Fits = b.mostThatFits(d, list)
	return e
}

// mostThatFits tries smaller demands.
func (b *Batch) mostThatFits(d *demand, list []candidate) Extents {
	fits := d.fits
	if fits == nil {
		fits = func(n Extents) bool {
			smaller := *d
			smaller.extents, smaller.share = n, false
			return n >= d.fewest && b.search(&smaller, list) != nil
		}
	}
	stripes := Extents(d.stripes)
	low, high := Extents(0), b.freeOf(list)/stripes+1 // low fits, high does not
	if !d.share {
		high = min(high, d.extents/stripes)
	}
	for high-low > 1 {
		if middle := (low + high) / 2; fits(middle * stripes) {
			low = middle
		} else {
			high = middle
		}
	}
	return low * stripes
}
