package lvm

// spareGrowth is what becomes of the spare, and how it is undone. The zero value
// is nothing.
type spareGrowth struct {
	m        *member
	segments []Segment
	before   *LV // of m; nil: there was none
	own      bool
}

// spare returns the VG's spare for the metadata of pools, or nil. There is one
// at most.
func (b *Batch) spare() *member {
	if b.spareOf != nil && !b.spareOf.gone {
		return b.spareOf
	}
	b.spareOf = nil
	for _, m := range b.members {
		if !m.gone && isSpare(m.lv) {
			b.spareOf = m
			break
		}
	}
	return b.spareOf
}

// lacks is how many extents the spare lacks of n; 0 where none is wanted.
func (b *Batch) lacks(n Extents, wanted bool) Extents {
	if !wanted {
		return 0
	}
	if m := b.spare(); m != nil {
		n -= min(n, m.lv.Size())
	}
	return n
}

// spareDemand is what growing the spare to n extents takes.
func (b *Batch) spareDemand(n Extents, wanted bool, p *Place) *demand {
	d := &demand{extents: b.lacks(n, wanted), stripes: 1, policy: b.policy("", ""), place: p}
	if m := b.spare(); m != nil {
		d.lv, d.policy = m.lv, b.policy("", m.lv.Allocation)
	}
	return d
}

// growSpare makes the spare have at least n extents: handle_pool_metadata_spare
// of lib/metadata/pool_manip.c. Where it is not wanted, nothing is done. It fails
// with a [*NoSpaceError] of the spare alone.
func (b *Batch) growSpare(n Extents, wanted bool, p *Place) (*spareGrowth, error) {
	d := b.spareDemand(n, wanted, p)
	if d.extents == 0 {
		return &spareGrowth{}, nil
	}
	g := &spareGrowth{m: b.spare()}
	name := ""
	if g.m == nil {
		name = b.automaticName("lvol", spareSuffix)
		if err := b.free(name); err != nil {
			return nil, err
		}
	}
	found, err := b.locate(d)
	if err != nil {
		return nil, err
	}
	g.segments = found.segments
	b.takeSegments(g.segments)
	if g.m == nil {
		lv := b.newLV(name, false)
		lv.Segments = g.segments
		g.m = b.add(lv)
		return g, nil
	}
	g.before, g.own = g.m.lv, g.m.own
	g.m.lv, g.m.own = g.m.lv.Clone(), true
	for _, s := range g.segments {
		g.m.lv.Segments = appendSegment(g.m.lv.Segments, s)
	}
	return g, nil
}

// undo takes the growth back.
func (g *spareGrowth) undo(b *Batch) {
	switch {
	case g.m == nil:
	case g.before == nil:
		b.drop(g.m)
	default:
		b.giveSegments(g.segments)
		g.m.lv, g.m.own = g.before, g.own
	}
}

// withSpare reports whether there is room for the spare of n extents, and for
// what do looks for where that is taken.
func (b *Batch) withSpare(n Extents, wanted bool, p *Place, do func() bool) bool {
	d := b.spareDemand(n, wanted, p)
	if d.extents == 0 {
		return do()
	}
	list, err := b.candidates(p)
	if err != nil {
		return false
	}
	spare := b.search(d, list)
	if spare == nil {
		return false
	}
	b.takeSegments(spare.segments)
	defer b.giveSegments(spare.segments)
	return do()
}

// dropSpare removes the spare where no pool is left.
func (b *Batch) dropSpare() {
	spare := b.spare()
	if spare == nil {
		return
	}
	for _, m := range b.names {
		for i := range m.lv.Segments {
			switch t := m.lv.Segments[i].Type.(type) {
			case *ThinPool:
				return
			case *Held:
				if t.Type == "cache-pool" || t.Type == "cache" {
					return
				}
			}
		}
	}
	b.drop(spare)
}
