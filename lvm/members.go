package lvm

// find returns the LV that the user calls so. The LV of a copy-on-write
// snapshot's pair has a name that nobody uses.
func (b *Batch) find(name string) (*member, error) {
	if m := b.names[name]; m != nil {
		if m.lv.snapshot() == nil {
			return m, nil
		}
	}
	return nil, &OpError{Err: ErrNotFound}
}

// edit returns m's LV for writing.
func (b *Batch) edit(m *member) *LV {
	if !m.own {
		m.lv, m.own = m.lv.Clone(), true
	}
	return m.lv
}

// newLV returns an LV that the batch makes. Its name must be free.
func (b *Batch) newLV(name string, visible bool) *LV {
	lv := &LV{Name: name, ID: b.stamp.NewID(), Status: Flags{FlagRead, FlagWrite}}
	if visible {
		lv.Status = lv.Status.With(FlagVisible)
	}
	if b.stamp.Host != "" && b.stamp.Time != 0 {
		lv.CreationTime, lv.CreationHost = b.stamp.Time, b.stamp.Host
	}
	return lv
}

// add makes lv a member.
func (b *Batch) add(lv *LV) *member {
	m := &member{lv: lv, own: true}
	b.members = append(b.members, m)
	b.names[lv.Name] = m
	b.links.add(m)
	b.noteNumber(lv.Name)
	b.count(lv, 1)
	return m
}

// drop takes m out, and gives its extents back.
func (b *Batch) drop(m *member) {
	b.count(m.lv, -1)
	m.gone = true
	delete(b.names, m.lv.Name)
	b.forgetNumber(m.lv.Name)
	for i := range m.lv.Segments {
		b.giveSegment(&m.lv.Segments[i])
	}
}

// rename gives m another name, which must be free, and changes all that refers
// to it.
func (b *Batch) rename(m *member, to string) {
	from := m.lv.Name
	users := b.links.of(from)
	delete(b.names, from)
	b.forgetNumber(from)
	b.edit(m).Name = to
	b.names[to] = m
	b.noteNumber(to)
	for _, user := range users {
		lv := b.edit(user)
		for i := range lv.Segments {
			lv.Segments[i].Type = renamed(lv.Segments[i].Type, from, to)
		}
	}
	b.links.rename(from, to)
}

// segmentOf returns the segment of an LV of one segment, if it is a T.
func segmentOf[T SegmentType](lv *LV) (T, bool) {
	if len(lv.Segments) == 1 {
		t, ok := lv.Segments[0].Type.(T)
		return t, ok
	}
	var none T
	return none, false
}

// seen reports whether lv is a volume of the user's, as [VG.Visible] does.
func (b *Batch) seen(lv *LV) bool {
	if lv.snapshot() != nil {
		return false
	}
	pair := b.pairOf(lv.Name)
	if pair == nil {
		return lv.Visible()
	}
	origin := b.names[pair.Origin]
	return !pair.Merging && (origin == nil || origin.lv.Visible() || virtualOrigin(pair.Origin))
}

// count keeps the number of LVs that MaxLV limits.
func (b *Batch) count(lv *LV, n int) {
	switch {
	case b.visible < 0:
	case lv.snapshot() != nil:
		b.visible = -1 // it decides about others
	case b.seen(lv):
		b.visible += n
	}
}

// visibleLVs is vg_visible_lvs of lvm2.
func (b *Batch) visibleLVs() int {
	if b.visible < 0 {
		b.visible = 0
		for _, m := range b.names {
			if b.seen(m.lv) {
				b.visible++
			}
		}
	}
	return b.visible
}

// room refuses one more visible LV where MaxLV is reached.
func (b *Batch) room() error {
	if b.vg.MaxLV > 0 && b.visibleLVs() >= int(b.vg.MaxLV) {
		return refuse(ErrLimit, "max_lv of the VG is %d", b.vg.MaxLV)
	}
	return nil
}
