package lvm

import "reflect"

// changes are the volumes of the new VG that are not what they were, or stand
// on something that is not, and those of the old one that are not in the new.
// Each comes once.
func (s *Swap) changes() (changed, removed []*LV) {
	if s.old.vg == s.new.vg {
		return nil, nil
	}
	seen := map[ID]bool{}
	add := func(lv *LV) {
		if seen[lv.ID] {
			return
		}
		seen[lv.ID] = true
		now, before := s.is[lv.ID], s.was[lv.ID]
		switch {
		case now != nil && before != nil && s.new.volume(now) == now:
			changed = append(changed, now)
		case now == nil && s.old.volume(before) == before:
			removed = append(removed, before)
		}
	}
	renamed := s.old.vg.Name != s.new.vg.Name
	for _, side := range []struct {
		*relations
		other map[ID]*LV
	}{{s.new, s.was}, {s.old, s.is}} {
		for _, lv := range side.vg.LVs {
			if !renamed && same(lv, side.other[lv.ID]) {
				continue
			}
			add(side.volume(lv))
			if t, ok := only(lv).(*Thin); ok && t.ExternalOrigin != "" {
				// It becomes one, or ceases to be.
				if origin := side.lvs[t.ExternalOrigin]; origin != nil {
					add(origin)
				}
			}
			if t, ok := only(lv).(*Thin); ok && side.lvs[t.Pool] != nil {
				add(side.lvs[t.Pool]) // with its first volume it is a pool that is used
			}
		}
	}
	return changed, removed
}

func byID(vg *VG) map[ID]*LV {
	m := make(map[ID]*LV, len(vg.LVs))
	for _, lv := range vg.LVs {
		m[lv.ID] = lv
	}
	return m
}

// same reports whether an LV did not change. Operations share what they leave
// alone.
func same(a, b *LV) bool {
	return a == b || b != nil && reflect.DeepEqual(a, b)
}
