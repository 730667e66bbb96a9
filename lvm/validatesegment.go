package lvm

import (
	"math"
	"strconv"
	"strings"
)

// checkSegments checks what each segment of an LV is, and that there is no gap
// between them.
func (v *validation) checkSegments(lv *LV) {
	if len(lv.Segments) == 0 {
		v.add(ErrStructure, "", "no segments")
	}
	next := Extents(0)
	for i := range lv.Segments {
		s := &lv.Segments[i]
		switch {
		case s.Length == 0:
			v.add(ErrGap, "", "segment %d has no extents", i+1)
		case s.Start != next:
			v.add(ErrGap, "", "segment %d begins at extent %d, the one in front ends at %d", i+1, s.Start, next)
		case s.Start > math.MaxUint32 || s.Length > math.MaxUint32-s.Start:
			v.add(ErrRange, "", "segment %d ends behind extent %d", i+1, uint64(math.MaxUint32))
		}
		next = s.Start + s.Length
		v.checkType(lv, i, s)
	}
}

func (v *validation) checkType(lv *LV, i int, s *Segment) {
	switch t := s.Type.(type) {
	case *Striped:
		v.checkStriped(i, s, t)
	case *ThinPool:
		v.checkPool(i, t)
		if len(lv.Segments) != 1 {
			v.add(ErrStructure, "", "a thin pool has one segment, not %d", len(lv.Segments))
		}
	case *Thin:
		v.checkThin(lv, i, t)
	case *Snapshot:
		v.checkLV(i, "origin", t.Origin)
		v.checkLV(i, "store", t.COW)
		if len(lv.Segments) != 1 {
			v.add(ErrStructure, "", "a snapshot has one segment, not %d", len(lv.Segments))
		}
	case *Held:
		for _, a := range t.Areas() {
			if t.Known || !a.PV.IsZero() || v.there(a.LV) {
				v.checkArea(i, a, s.Length)
			}
		}
		for _, name := range t.LVs() {
			if t.Known {
				v.checkLV(i, t.Type, name)
			}
		}
	case Zero, Error:
	default:
		v.add(ErrStructure, "", "segment %d has no type", i+1)
	}
}

func (v *validation) checkStriped(i int, s *Segment, t *Striped) {
	n := Extents(len(t.Areas))
	switch {
	case n == 0:
		v.add(ErrStructure, "", "segment %d has no stripes", i+1)
		return
	case s.Length%n != 0:
		v.add(ErrStructure, "", "segment %d has %d extents on %d stripes", i+1, s.Length, n)
		return
	case n > 1 && (t.StripeSize == 0 || t.StripeSize > math.MaxUint32):
		v.add(ErrRange, "", "segment %d has a stripe size of %d sectors", i+1, t.StripeSize)
	}
	for j := range t.Areas {
		v.checkArea(i, t.Areas[j], s.Length/n)
	}
}

// checkArea checks that what an area is on is there, and notes its extents.
func (v *validation) checkArea(i int, a Area, length Extents) {
	if a.LV != "" {
		if number, err := strconv.Atoi(strings.TrimPrefix(a.LV, "pv")); err == nil && a.LV == pvName(number) && number < len(v.vg.PVs) {
			v.add(ErrName, "rename it", "segment %d is on the LV %s, which the text calls a PV", i+1, a.LV)
		}
		if v.checkLV(i, "area", a.LV); v.there(a.LV) {
			if size := v.vg.LVs[v.lvs[a.LV]].Size(); a.Start > size || length > size-a.Start {
				v.add(ErrRange, "", "segment %d has extents %d to %d of %s, which has %d", i+1, a.Start, a.Start+length-1, a.LV, size)
			}
		}
		return
	}
	pv, there := v.pvs[a.PV]
	if !there {
		v.add(ErrReference, "", "segment %d has extents of the PV %q, which the VG does not have", i+1, a.PV)
		return
	}
	if count := v.vg.PVs[pv].Count; a.Start > count || length > count-a.Start {
		v.add(ErrRange, "", "segment %d has extents %d to %d of %s, which has %d", i+1, a.Start, a.Start+length-1, v.vg.PVs[pv].label(), count)
		return
	}
	v.used[pv] = append(v.used[pv], usedRun{a.Start, length, int32(v.lv)})
}

// there reports whether the VG has an LV of that name.
func (v *validation) there(name string) bool {
	_, there := v.lvs[name]
	return there
}

// checkLV checks that the LV is there that segment i has as its role.
func (v *validation) checkLV(i int, role, name string) {
	if !v.there(name) {
		v.add(ErrReference, "", "segment %d has %q as %s, which the VG does not have", i+1, name, role)
	}
}

// The bounds of a pool's chunks in sectors: DM_THIN_MIN_DATA_BLOCK_SIZE and
// DM_THIN_MAX_DATA_BLOCK_SIZE, libdevmapper.h.
const (
	minThinChunk = 128
	maxThinChunk = 2097152
)

func (v *validation) checkPool(i int, t *ThinPool) {
	v.checkLV(i, "metadata", t.Metadata)
	v.checkLV(i, "data", t.Data)
	if t.ChunkSize < minThinChunk || t.ChunkSize > maxThinChunk {
		v.add(ErrRange, "", "chunks of %d sectors, not of %d to %d", t.ChunkSize, minThinChunk, maxThinChunk)
	}
	switch t.Discards {
	case "", "ignore", "nopassdown", "passdown":
	default:
		v.add(ErrStructure, "", "discards %q", t.Discards)
	}
	for _, m := range t.Messages {
		if m.Create != "" {
			v.checkLV(i, "message", m.Create)
		}
	}
}

func (v *validation) checkThin(lv *LV, i int, t *Thin) {
	if v.checkLV(i, "pool", t.Pool); v.there(t.Pool) {
		pool := v.vg.LVs[v.lvs[t.Pool]]
		if len(pool.Segments) != 1 || !isPool(pool.Segments[0].Type) {
			v.add(ErrReference, "", "%q is no thin pool", t.Pool)
		}
	}
	if len(lv.Segments) != 1 {
		v.add(ErrStructure, "", "a thin volume has one segment, not %d", len(lv.Segments))
	}
	if t.DeviceID > maxThinDevice {
		v.add(ErrRange, "", "device id %d, above %d", t.DeviceID, maxThinDevice)
	}
	// A hyphen is in front of the name of an LV that was: historical.
	if t.Origin != "" && !strings.HasPrefix(t.Origin, "-") {
		v.checkLV(i, "origin", t.Origin)
	}
	if t.ExternalOrigin != "" {
		v.checkLV(i, "external origin", t.ExternalOrigin)
	}
	if t.Merge != "" {
		v.checkLV(i, "merged volume", t.Merge)
	}
}

func isPool(t SegmentType) bool {
	_, ok := t.(*ThinPool)
	return ok
}

// thinVolume is a volume of a pool.
type thinVolume struct {
	pool   string
	device uint32
}

// checkThinDevice checks that no two LVs are the same volume of a pool.
func (v *validation) checkThinDevice(lv *LV, devices map[thinVolume]int) {
	if len(lv.Segments) == 0 {
		return
	}
	t, ok := lv.Segments[0].Type.(*Thin)
	if !ok {
		return
	}
	volume := thinVolume{t.Pool, t.DeviceID}
	if i, there := devices[volume]; there {
		v.add(ErrDuplicate, "", "the device id %d of %s is %s's too", t.DeviceID, t.Pool, v.vg.LVs[i].Name)
		return
	}
	devices[volume] = v.lv
}
