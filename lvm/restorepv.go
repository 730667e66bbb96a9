package lvm

import (
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// RestorePV is the label of a PV that is to be made again.
type RestorePV struct {
	VG *VG // what is known of the PV: a text from another PV, or from a backup file
	PV ID  // which of the VG's
	// Force overwrites what else is on the device, which may be what destroyed the
	// label.
	Force bool
}

// RestorePV writes the label of a PV of a VG that has lost it. Metadata areas whose
// headers are still there are kept, with their texts; where the first one should
// be and is not, an empty one is made. Extents are not touched. The locks are
// those for [Scan.CreatePV], and the VG's, since it has the PV again when it is
// scanned anew; here the PV is put into the scan without its VG.
func (s *Scan) RestorePV(d *Device, r RestorePV) (*DiskPV, error) {
	pv, err := s.restorePV(d, r)
	if err != nil {
		return nil, fmt.Errorf("restore PV %s: %w", d.Path, err)
	}
	return pv, nil
}

func (s *Scan) restorePV(d *Device, r RestorePV) (*DiskPV, error) {
	want := r.VG.PV(r.PV)
	if want == nil {
		return nil, fmt.Errorf("VG %s has no PV %s: %w", r.VG.Name, r.PV, ErrMissingPV)
	}
	for _, pv := range s.PVs {
		if pv.ID() == r.PV {
			return nil, fmt.Errorf("%s: %w", pv.Device.Path, ErrDuplicatePV)
		}
	}
	if old, err := s.onDevice(d, r.Force); err != nil {
		return nil, err
	} else if old != nil && !r.Force {
		return nil, fmt.Errorf("it is PV %s: %w", old.ID(), ErrNotFree)
	}
	if err := checkExtents(want, &DiskPV{Device: d}, nil, r.VG.ExtentSize); err != nil {
		return nil, err
	}
	found, err := disk.Signatures(d, d.Size)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 && !r.Force {
		return nil, &NotEmptyError{Path: d.Path, Found: found}
	}
	pv := &DiskPV{Device: d, Header: restoredHeader(want, d.Size)}
	areas, err := findAreas(d, want, r.VG.ExtentSize, pv.Header.Size)
	if err != nil {
		return nil, err
	}
	pv.Header.Metadata = nil
	for _, a := range areas {
		pv.Header.Metadata = append(pv.Header.Metadata, a.Area)
	}
	// Marks within an area or the extents are not what destroyed the label.
	found = slices.DeleteFunc(found, func(f disk.Signature) bool { return f.Offset >= disk.LabelScanSize })
	if err := wipe(d, found); err != nil {
		return nil, err
	}
	for _, a := range areas {
		if a.Damaged {
			if err := pv.writeArea(a, disk.AreaHeader{Area: a.Area}); err != nil {
				return nil, err
			}
		}
		pv.Areas = append(pv.Areas, a)
	}
	if err := d.Sync(); err != nil {
		return nil, deviceError(pv, "flush", err)
	}
	if err := pv.writeLabel(pv.Header); err != nil {
		return nil, err
	}
	if err := d.Sync(); err != nil {
		return nil, deviceError(pv, "flush", err)
	}
	s.replace(pv)
	return pv, nil
}

// restoredHeader is the header but for the metadata areas. It says "used", which
// the PV is.
func restoredHeader(pv *PV, device units.Bytes) disk.PVHeader {
	h := disk.PVHeader{Sector: disk.DefaultLabelSector, ID: pv.ID, Size: device}
	if size, err := pv.Size.Bytes(); err == nil && size != 0 {
		h.Size = size
	}
	h.Data.Start = units.Bytes(pv.Start) * units.SectorSize
	if pv.BootLength != 0 {
		h.Boot = disk.Area{Start: units.Bytes(pv.BootStart) * units.SectorSize, Size: units.Bytes(pv.BootLength) * units.SectorSize}
	}
	h.SetUsed(true)
	return h
}

const (
	firstAreaStart = 4096     // where lvm2 has it: _text_pv_add_metadata_area, lib/format_text/format-text.c
	smallestArea   = 8 * 4096 // MDA_SIZE_MIN, lib/format_text/layout.h
)

// findAreas returns the metadata areas of a PV by what is left of them: the one in
// front of the data, which is marked as damaged where it has no header, and one
// between the extents and the end of the PV.
func findAreas(d *Device, pv *PV, extent units.Sectors, size units.Bytes) ([]*DiskArea, error) {
	limit := units.Bytes(pv.Start) * units.SectorSize
	if pv.BootLength != 0 {
		limit = min(limit, units.Bytes(pv.BootStart)*units.SectorSize)
	}
	var areas []*DiskArea
	if limit >= firstAreaStart+smallestArea {
		a := &DiskArea{AreaHeader: disk.AreaHeader{Area: disk.Area{Start: firstAreaStart, Size: limit - firstAreaStart}}, Damaged: true}
		if h, err := disk.ReadAreaHeader(d, firstAreaStart); err == nil && h.Start+h.Size <= limit && h.Area.Within(d.Size) {
			a.AreaHeader, a.Damaged = h, false
			copy(a.raw[:], disk.AppendAreaHeader(nil, h))
		}
		areas = append(areas, a)
	}
	// Of one at the end, the header is looked for in all sectors.
	end := units.Bytes(pv.Start+units.Sectors(pv.Count)*extent) * units.SectorSize
	size = min(size, d.Size)
	buf := make([]byte, units.MiB)
	for at := end; at+disk.HeaderSize <= size; at += units.Bytes(len(buf)) {
		buf = buf[:min(units.Bytes(len(buf)), size-at)]
		if n, err := d.ReadAt(buf, int64(at)); n < len(buf) {
			return nil, fmt.Errorf("look for metadata areas: %w", err)
		}
		for i := 0; i+disk.HeaderSize <= len(buf); i += units.SectorSize {
			h, err := disk.DecodeAreaHeader(buf[i:i+disk.HeaderSize], at+units.Bytes(i))
			if err != nil || !h.Area.Within(d.Size) {
				continue
			}
			a := &DiskArea{AreaHeader: h}
			copy(a.raw[:], buf[i:])
			return append(areas, a), nil
		}
	}
	return areas, nil
}
