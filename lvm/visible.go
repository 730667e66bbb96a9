package lvm

import "slices"

// Visible reports whether lv is a volume of the user's, and not a part of one:
// lv_is_visible, lib/metadata/lv.c. What its status says does not count for
// classic snapshots: the store, which has the snapshot's name, is as visible as
// its origin, and the LV with the snapshot segment is not.
func (vg *VG) Visible(lv *LV) bool { return vg.visibility().of(lv) }

// Volumes are the LVs of vg that are [VG.Visible], in the order of the text.
func (vg *VG) Volumes() []*LV {
	v := vg.visibility()
	lvs := make([]*LV, 0, len(vg.LVs))
	for _, lv := range vg.LVs {
		if v.of(lv) {
			lvs = append(lvs, lv)
		}
	}
	return lvs
}

// visibility answers for all LVs of a VG.
type visibility struct {
	vg   *VG
	cows map[string]*Snapshot // by the store's name; nil if there are none
}

func (vg *VG) visibility() visibility {
	v := visibility{vg: vg}
	for _, lv := range vg.LVs {
		if s := lv.snapshot(); s != nil {
			if v.cows == nil {
				v.cows = map[string]*Snapshot{}
			}
			v.cows[s.COW] = s
		}
	}
	return v
}

// snapshot returns the snapshot segment of lv, if it has one.
func (lv *LV) snapshot() *Snapshot {
	if len(lv.Segments) == 0 {
		return nil
	}
	s, _ := lv.Segments[0].Type.(*Snapshot)
	return s
}

func (v visibility) of(lv *LV) bool {
	if lv.snapshot() != nil {
		return false
	}
	s := v.cows[lv.Name]
	if s == nil {
		return lv.Visible()
	}
	origin := v.vg.LV(s.Origin)
	return !s.Merging && (origin == nil || origin.Visible() || virtualOrigin(origin.Name))
}

// virtualOrigin reports whether it is the name of the origin of zeros that
// lvcreate --virtualsize makes.
func virtualOrigin(name string) bool {
	return len(name) > len("_vorigin") && name[len(name)-len("_vorigin"):] == "_vorigin"
}

// printOrder returns the LVs as lvm2 prints them: those that are visible first.
func (vg *VG) printOrder() []*LV {
	v := vg.visibility()
	hidden := slices.IndexFunc(vg.LVs, func(lv *LV) bool { return !v.of(lv) })
	if hidden < 0 {
		return vg.LVs
	}
	order := slices.Clone(vg.LVs[:hidden])
	for _, lv := range vg.LVs[hidden:] {
		if v.of(lv) {
			order = append(order, lv)
		}
	}
	if len(order) == hidden {
		return vg.LVs
	}
	for _, lv := range vg.LVs[hidden:] {
		if !v.of(lv) {
			order = append(order, lv)
		}
	}
	return order
}
