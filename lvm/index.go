package lvm

import (
	"cmp"
	"fmt"
	"slices"
)

// index fills b with the PVs and LVs of vg. It checks what it relies on, and
// no more: [VG.Validate] says all that is wrong.
func (b *Batch) index(vg *VG) error {
	if vg.ExtentSize == 0 {
		return &Fault{Object: "VG", Name: vg.Name, What: "extent size 0", Err: ErrRange}
	}
	b.pvs = slices.Clone(vg.PVs)
	b.names = make(map[string]*member, len(vg.LVs)+len(vg.LVs)/8)
	b.members = make([]*member, len(vg.LVs))
	b.links = make(links)
	b.numbers = make(map[string]int64)
	b.pools = make(map[*member]*transaction)
	all := make([]member, len(vg.LVs))
	for i, lv := range vg.LVs {
		m := &all[i]
		m.lv = lv
		b.members[i] = m
		if b.names[lv.Name] != nil {
			return &Fault{Object: "LV", Name: lv.Name, What: "there are two", Err: ErrDuplicate}
		}
		b.names[lv.Name] = m
		b.links.add(m)
	}
	return b.indexSpace(vg)
}

// owned is a run that a segment has.
type owned struct {
	run
	lv *LV
}

func (b *Batch) indexSpace(vg *VG) error {
	used := make([][]owned, len(b.pvs))
	held := make([][]run, len(b.pvs))
	var fault error
	for _, lv := range vg.LVs {
		for i := range lv.Segments {
			s := &lv.Segments[i]
			err := b.eachRun(s, func(pv int, r run) {
				if pv < 0 || r.start > b.pvs[pv].Count || r.length > b.pvs[pv].Count-r.start {
					fault = &Fault{Object: "LV", Name: lv.Name, What: fmt.Sprintf("segment at %d: extents that no PV has", s.Start), Err: ErrReference}
					return
				}
				used[pv] = append(used[pv], owned{r, lv})
			})
			if fault = cmp.Or(fault, err); fault != nil {
				return fault
			}
			if t, ok := s.Type.(*Held); ok {
				b.eachHeldRun(t, s.Length, func(pv int, r run) { held[pv] = append(held[pv], r) })
			}
		}
	}
	b.space = make([]*freeSpace, len(b.pvs))
	for pv := range b.pvs {
		runs := make([]run, 0, len(used[pv])+len(held[pv]))
		slices.SortFunc(used[pv], func(a, b owned) int { return compareStart(a.run, b.run) })
		for i, o := range used[pv] {
			if i > 0 && used[pv][i-1].end() > o.start {
				return &Fault{Object: "LV", Name: o.lv.Name,
					What: fmt.Sprintf("extent %d of a PV is %s's too", o.start, used[pv][i-1].lv.Name), Err: ErrOverlap}
			}
			runs = append(runs, o.run)
		}
		b.space[pv] = newFreeSpace(b.pvs[pv].Count, append(runs, held[pv]...))
	}
	return nil
}

// pvIndex returns the index of the PV, or -1.
func (b *Batch) pvIndex(id ID) int {
	// There are few PVs, and what is looked up is mostly the one of before.
	if b.lastPV < len(b.pvs) && b.pvs[b.lastPV].ID == id {
		return b.lastPV
	}
	i := slices.IndexFunc(b.pvs, func(pv *PV) bool { return pv.ID == id })
	if i >= 0 {
		b.lastPV = i
	}
	return i
}

// eachRun calls yield with each run of a PV that s has, and with the PV's index,
// -1 where the VG has no such PV.
func (b *Batch) eachRun(s *Segment, yield func(pv int, r run)) error {
	t, ok := s.Type.(*Striped)
	if !ok {
		return nil
	}
	n := Extents(len(t.Areas))
	if n == 0 || s.Length%n != 0 {
		return &Fault{Object: "segment", What: fmt.Sprintf("%d extents on %d stripes", s.Length, n), Err: ErrStructure}
	}
	for _, a := range t.Areas {
		if a.LV == "" {
			yield(b.pvIndex(a.PV), run{a.Start, s.Length / n})
		}
	}
	return nil
}

// eachHeldRun calls yield with the runs of PVs that a segment of a held type has.
func (b *Batch) eachHeldRun(t *Held, length Extents, yield func(pv int, r run)) {
	for _, a := range t.Areas() {
		if pv := b.pvIndex(a.PV); pv >= 0 && a.Start < b.pvs[pv].Count {
			yield(pv, run{a.Start, min(length, b.pvs[pv].Count-a.Start)})
		}
	}
}

// giveSegment frees the extents of s.
func (b *Batch) giveSegment(s *Segment) {
	_ = b.eachRun(s, func(pv int, r run) { b.space[pv].give(r) }) // index has checked it
}

func (b *Batch) giveSegments(segments []Segment) {
	for i := range segments {
		b.giveSegment(&segments[i])
	}
}
