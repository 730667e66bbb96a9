package lvm

import (
	"fmt"
	"math/bits"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/units"
)

// segments makes d's table of its LV's segments, and what that stands on.
func (s *stack) segments(d *MappedDevice) error {
	segments := joinedSegments(d.LV.Segments)
	if len(segments) == 0 {
		return &StackError{LV: d.LV.Name, Reason: "has no extents"}
	}
	var end Extents
	for i := range segments {
		seg := &segments[i]
		if seg.Start != end {
			return &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("segment %d begins at extent %d, want %d", i+1, seg.Start, end)}
		}
		end += seg.Length
		target, err := s.target(d, seg, i)
		if err != nil {
			return err
		}
		if s.names {
			continue
		}
		length, err := s.length(d.LV, seg.Length)
		if err != nil {
			return err
		}
		start := d.Table.Size()
		if _, err := start.Add(length); err != nil || length == 0 {
			return &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("segment %d has %d extents", i+1, seg.Length)}
		}
		d.Table = append(d.Table, dm.Segment{Start: start, Length: length, Target: target})
	}
	return nil
}

// target makes the target of one segment, the index-th of its LV.
func (s *stack) target(d *MappedDevice, seg *Segment, index int) (dm.Target, error) {
	alone := index == 0 && len(d.LV.Segments) == 1
	switch t := seg.Type.(type) {
	case *Striped:
		return s.striped(d, seg, t, index)
	case Zero:
		return dm.Zero{}, nil
	case Error:
		return dm.ErrorTarget{}, nil
	case *Thin:
		if !alone {
			return nil, &StackError{LV: d.LV.Name, Reason: "a thin volume with more than one segment"}
		}
		return s.thin(d, t)
	case nil:
		return nil, &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("segment %d has no type", index+1)}
	default:
		return nil, &SegmentTypeError{LV: d.LV.Name, Type: t.Name()}
	}
}

func (s *stack) thin(d *MappedDevice, t *Thin) (dm.Target, error) {
	if t.Merge != "" && !s.names {
		return nil, &SegmentTypeError{LV: d.LV.Name, Type: "thin, merging"}
	}
	poolLV := s.lvs[t.Pool]
	if poolLV == nil {
		return nil, &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("its pool %q is not there", t.Pool)}
	}
	pool, err := s.thinPool(poolLV)
	if err != nil {
		return nil, err
	}
	target := dm.Thin{Pool: d.on(pool), DeviceID: t.DeviceID}
	if t.ExternalOrigin != "" {
		lv := s.lvs[t.ExternalOrigin]
		if lv == nil {
			return nil, &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("its external origin %q is not there", t.ExternalOrigin)}
		}
		data, err := s.real(lv)
		if err != nil {
			return nil, err
		}
		target.ExternalOrigin = d.on(data)
	}
	return target, nil
}

// striped makes a linear target of one area, a striped one of several.
func (s *stack) striped(d *MappedDevice, seg *Segment, t *Striped, index int) (dm.Target, error) {
	n := Extents(len(t.Areas))
	if s.names && n > 0 {
		for _, a := range t.Areas {
			if a.LV == "" {
				continue
			}
			if _, err := s.below(d, a.LV); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	if n == 0 || seg.Length%n != 0 || n > 1 && t.StripeSize == 0 {
		return nil, &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("segment %d: %d extents in %d stripes of %v", index+1, seg.Length, n, t.StripeSize)}
	}
	areas := make([]dm.Area, n)
	for i, a := range t.Areas {
		area, err := s.area(d, seg, a, index, i)
		if err != nil {
			return nil, err
		}
		areas[i] = area
	}
	if n == 1 {
		return dm.Linear{Dev: areas[0].Dev, Offset: areas[0].Offset}, nil
	}
	// Twice a stripe of all devices: _striped_add_target_line's
	// dm_tree_node_set_read_ahead of lib/striped/striped.c, as seen.
	d.MinReadAhead = max(d.MinReadAhead, 2*units.Sectors(n)*t.StripeSize)
	return dm.Striped{ChunkSize: t.StripeSize, Stripes: areas}, nil
}

// area is where one stripe of a segment is.
func (s *stack) area(d *MappedDevice, seg *Segment, a Area, segment, index int) (dm.Area, error) {
	offset, err := s.length(d.LV, a.Start)
	if err != nil {
		return dm.Area{}, err
	}
	if a.LV != "" {
		below, err := s.below(d, a.LV)
		return dm.Area{Dev: below, Offset: offset}, err
	}
	pv, length := s.pvs[a.PV], seg.Length/Extents(len(seg.Type.(*Striped).Areas))
	switch {
	case pv == nil:
		return dm.Area{}, &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("segment %d is on PV %v, which is not in the VG", segment+1, a.PV)}
	case a.Start+length < length || a.Start+length > pv.Count:
		return dm.Area{}, &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("segment %d is on extents %d to %d of PV %v, which has %d",
			segment+1, a.Start, a.Start+length, a.PV, pv.Count)}
	}
	dev, there := s.opts.PVs[a.PV]
	if !there || pv.Missing() {
		return s.missing(d, seg, a, segment, index)
	}
	if segment == 0 && index == 0 {
		d.FirstPV = dev
	}
	if offset, err = offset.Add(pv.Start); err != nil {
		return dm.Area{}, &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("segment %d: %v", segment+1, err)}
	}
	return dm.Area{Dev: dm.BlockDev{Dev: dev}, Offset: offset}, nil
}

// missing puts a device that fails all I/O in the place of extents that are
// not there.
func (s *stack) missing(d *MappedDevice, seg *Segment, a Area, segment, index int) (dm.Area, error) {
	if s.opts.Mode != ActivatePartial || d.Layer != LayerNone || !s.isVolume(d.LV) {
		return dm.Area{}, &MissingPVError{LV: d.LV.Name, PV: a.PV}
	}
	// As long as the segment, of which the area may be a part: so lvm2 has it.
	size, err := s.length(d.LV, seg.Length)
	if err != nil {
		return dm.Area{}, err
	}
	below, err := s.layer(d.LV, missingLayer(segment, index), func(m *MappedDevice) error {
		m.ReadOnly, m.Udev = false, 0 // as lvm2 has it
		m.Table = dm.Table{{Length: size, Target: dm.ErrorTarget{}}}
		return nil
	})
	if err != nil {
		return dm.Area{}, err
	}
	return dm.Area{Dev: d.on(below)}, nil
}

// below makes another LV that a segment of d's lies on.
func (s *stack) below(d *MappedDevice, name string) (dm.BlockDev, error) {
	lv := s.lvs[name]
	if lv == nil {
		return dm.BlockDev{}, &StackError{LV: d.LV.Name, Reason: fmt.Sprintf("is on the LV %q, which is not there", name)}
	}
	below, err := s.layer(lv, LayerNone, s.segments)
	if err != nil {
		return dm.BlockDev{}, err
	}
	return d.on(below), nil
}

// length is a number of extents in sectors.
func (s *stack) length(lv *LV, n Extents) (units.Sectors, error) {
	hi, lo := bits.Mul64(uint64(n), uint64(s.vg.ExtentSize))
	if hi != 0 {
		return 0, &StackError{LV: lv.Name, Reason: fmt.Sprintf("%d extents of %v are more than 2^64 sectors", n, s.vg.ExtentSize)}
	}
	return units.Sectors(lo), nil
}

// joinedSegments returns segments with those as one that continue each other, as lvm2
// reads them: lv_merge_segments of lib/metadata/merge.c.
func joinedSegments(segments []Segment) []Segment {
	joins := false
	for i := 1; i < len(segments) && !joins; i++ {
		joins = continues(&segments[i-1], &segments[i])
	}
	if !joins {
		return segments
	}
	var out []Segment
	for _, seg := range segments {
		if n := len(out); n > 0 && continues(&out[n-1], &seg) {
			out[n-1].Length += seg.Length
			continue
		}
		out = append(out, seg)
	}
	return out
}

func continues(a, b *Segment) bool {
	if a.Start+a.Length != b.Start {
		return false
	}
	switch s := a.Type.(type) {
	case Zero:
		_, same := b.Type.(Zero)
		return same
	case Error:
		_, same := b.Type.(Error)
		return same
	case *Striped:
		t, same := b.Type.(*Striped)
		if !same || len(s.Areas) != len(t.Areas) || s.StripeSize != t.StripeSize || len(s.Areas) == 0 {
			return false
		}
		each := a.Length / Extents(len(s.Areas))
		for i := range s.Areas {
			if s.Areas[i].PV != t.Areas[i].PV || s.Areas[i].LV != t.Areas[i].LV || s.Areas[i].Start+each != t.Areas[i].Start {
				return false
			}
		}
		return true
	}
	return false
}
