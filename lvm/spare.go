package lvm

// spareGrowth is what became of the spare, and how it is undone.
type spareGrowth struct {
	m      *member
	before *LV // nil: there was none
	own    bool
	taken  []Segment
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

// growSpare makes the spare have at least n extents: handle_pool_metadata_spare
// of lib/metadata/pool_manip.c. Where it is not wanted, nothing is done.
func (b *Batch) growSpare(n Extents, wanted bool, p *Place) (*spareGrowth, error) {
	g := &spareGrowth{m: b.spare()}
	if !wanted || g.m != nil && g.m.lv.Size() >= n {
		return &spareGrowth{}, nil
	}
	d := &demand{extents: n, stripes: 1, policy: b.policy("", ""), place: p}
	var name string
	if g.m != nil {
		g.before, g.own = g.m.lv, g.m.own
		d.lv, d.extents = g.m.lv, n-g.m.lv.Size()
		d.policy = b.policy("", g.m.lv.Allocation)
	} else {
		name = b.automaticName("lvol", spareSuffix)
		if err := b.free(name); err != nil {
			return nil, err
		}
	}
	found, err := b.locate(d)
	if err != nil {
		return nil, err
	}
	b.takeSegments(found.segments)
	g.taken = found.segments
	if g.m == nil {
		lv := b.newLV(name, false)
		lv.Segments = found.segments
		g.m = b.add(lv)
		return g, nil
	}
	g.m.lv = g.m.lv.Clone()
	g.m.own = true
	for _, s := range found.segments {
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
		for i := range g.taken {
			b.giveSegment(&g.taken[i])
		}
		g.m.lv, g.m.own = g.before, g.own
	}
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
