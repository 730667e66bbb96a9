package lvm

import (
	"cmp"
	"iter"
	"slices"
	"strconv"

	"github.com/rok-storage/rok/units"
)

// reporter makes the lines of reports about one VG.
type reporter struct {
	*relations
	state func(*LV) DeviceState

	// Of the parts of mirrors and raids.
	held   map[string]heldPart
	target map[string]byte // the letter of the target that they are a part of
}

// heldPart is what an LV is to the mirror or raid that it is a part of.
type heldPart uint8

const (
	heldImage heldPart = iota + 1
	heldMeta
)

func newReporter(vg *VG, state func(*LV) DeviceState) *reporter {
	if state == nil {
		state = func(*LV) DeviceState { return DeviceState{} }
	}
	r := &reporter{relations: relationsOf(vg), state: state, held: map[string]heldPart{}, target: map[string]byte{}}
	for _, lv := range vg.LVs {
		for i := range lv.Segments {
			s := &lv.Segments[i]
			if t, ok := s.Type.(*Held); ok && t.replicates() {
				for a := range s.parts() {
					r.held[a.LV], r.target[a.LV] = heldImage, t.targetLetter()
				}
				for _, name := range t.metas() {
					r.held[name], r.target[name] = heldMeta, t.targetLetter()
				}
			}
		}
	}
	return r
}

// usedExtents is how many extents of each PV are in use.
func usedExtents(vg *VG) map[ID]Extents {
	used := make(map[ID]Extents, len(vg.PVs))
	for _, lv := range vg.LVs {
		for i := range lv.Segments {
			for a := range lv.Segments[i].parts() {
				if a.LV == "" {
					used[a.PV] += a.Length
				}
			}
		}
	}
	return used
}

// shown are the LVs that a report has lines for, by name: those that are named,
// or else all volumes, and their parts if hidden is set. Those that only tie
// snapshots to origins are never.
func (r *reporter) shown(hidden bool, names []string) []*LV {
	all := r.vg.LVs
	if len(names) > 0 {
		all = lvsNamed(r.vg, names)
	}
	lvs := make([]*LV, 0, len(all))
	for _, lv := range all {
		if _, tie := only(lv).(*Snapshot); !tie && (hidden || len(names) > 0 || r.isVolume(lv)) {
			lvs = append(lvs, lv)
		}
	}
	slices.SortFunc(lvs, func(a, b *LV) int { return cmp.Compare(a.Name, b.Name) })
	return lvs
}

// bytes is the size of n extents, and the largest size there is where that is
// more.
func (r *reporter) bytes(n Extents) units.Bytes { return extentBytes(n, r.vg.ExtentSize) }

func extentBytes(n Extents, size units.Sectors) units.Bytes {
	if size > 0 && uint64(n) > uint64(^units.Bytes(0))/units.SectorSize/uint64(size) {
		return ^units.Bytes(0)
	}
	return units.Bytes(uint64(n) * uint64(size) * units.SectorSize)
}

// appendDevices appends where the parts of a segment begin: "/dev/sda(0)",
// "pool_tdata(0)".
func (r *reporter) appendDevices(names []string, s *Segment) []string {
	var b [64]byte
	for a := range s.parts() {
		name := a.LV
		if name == "" {
			name = "unknown device"
			if pv := r.pvs[a.PV]; pv != nil && !pv.Missing() {
				name = pv.Device
			}
		}
		names = append(names, string(append(strconv.AppendUint(append(append(b[:0], name...), '('), uint64(a.Start), 10), ')')))
	}
	return names
}

// segtype is lvm2's word for a segment's type in reports.
func segtype(s *Segment) string {
	if t, ok := s.Type.(*Striped); ok && len(t.Areas) == 1 {
		return "linear"
	}
	return s.Type.Name()
}

// tagList is tags as a list that is never null, sorted as lvm2 prints them.
func tagList(tags []string) []string {
	list := append([]string{}, tags...)
	slices.Sort(list)
	return list
}

// reportedRun is a run of extents that a segment is on.
type reportedRun struct {
	Area
	Length Extents
}

// parts are the runs of PVs and LVs that s is on, as lvm2 lists them: none for
// thin volumes, and for a pool its data.
func (s *Segment) parts() iter.Seq[reportedRun] {
	return func(yield func(reportedRun) bool) {
		switch t := s.Type.(type) {
		case *Striped:
			length := s.Length / Extents(max(len(t.Areas), 1))
			for _, a := range t.Areas {
				if !yield(reportedRun{a, length}) {
					return
				}
			}
		case *ThinPool:
			yield(reportedRun{Area{LV: t.Data}, s.Length})
		case *Held:
			for _, a := range append(t.Areas(), t.images()...) {
				if !yield(reportedRun{a, s.Length}) {
					return
				}
			}
		}
	}
}
