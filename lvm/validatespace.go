package lvm

import (
	"cmp"
	"slices"
)

// usedRun is a run of a PV's extents that the LV of that index has.
type usedRun struct {
	start, length Extents
	lv            int32
}

// checkUsed checks that no extent is used twice.
func (v *validation) checkUsed() {
	for pv, runs := range v.used {
		byStart := func(a, b usedRun) int { return cmp.Compare(a.start, b.start) }
		if !slices.IsSortedFunc(runs, byStart) {
			slices.SortStableFunc(runs, byStart)
		}
		furthest := 0 // the run that ends last
		for i := 1; i < len(runs); i++ {
			last, run := runs[furthest], runs[i]
			if end := last.start + last.length; run.start < end {
				v.lv = int(run.lv)
				v.add(ErrOverlap, "", "extents %d to %d of %s are %s's too", run.start,
					min(end, run.start+run.length)-1, v.vg.PVs[pv].label(), v.vg.LVs[last.lv].Name)
			}
			if run.start+run.length > last.start+last.length {
				furthest = i
			}
		}
	}
}
