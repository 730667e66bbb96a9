package lvm

// vgFree is vg_free_count of lvm2: PVs that are not allocatable count.
func (b *Batch) vgFree() (n Extents) {
	for _, space := range b.space {
		n += space.total
	}
	return n
}

// vgExtents is vg_extent_count.
func (b *Batch) vgExtents() (n Extents) {
	for _, pv := range b.pvs {
		n += pv.Count
	}
	return n
}

// namedFree is pv_list_extents_free: what the PVs of p have, or all of the VG's
// extents where none is named.
func (b *Batch) namedFree(p *Place) (Extents, error) {
	if len(p.PVs) == 0 {
		return b.vgExtents(), nil
	}
	list, err := b.candidates(p)
	return b.freeOf(list), err
}

// whole returns what shares are of, for [Amount.extents]. lv and origin may be
// nil.
func (b *Batch) whole(p *Place, lv, origin *LV) func(of string) (Extents, error) {
	return func(of string) (Extents, error) {
		switch {
		case of == "VG":
			return b.vgExtents(), nil
		case of == "FREE":
			return b.vgFree(), nil
		case of == "PVS":
			return b.namedFree(p)
		case of == "LV" && lv != nil:
			return lv.Size(), nil
		case of == "ORIGIN" && origin != nil:
			return origin.Size(), nil
		}
		return 0, refuse(ErrInvalid, "a share of %s", of)
	}
}
