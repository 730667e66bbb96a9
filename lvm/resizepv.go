package lvm

import (
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// Resized returns the header that the PV has when its size is changed: a metadata
// area at its end moves. Size 0 is the device's. For a PV of a VG, a new VG with
// as many extents as [CountExtents] says goes to [Scan.Commit], and the header with
// it; others are for [Scan.ResizePV]. It fails with [ErrSmallDevice] or a
// [*disk.LayoutError].
func (p *DiskPV) Resized(size units.Bytes) (disk.PVHeader, error) {
	if size == 0 {
		size = p.Device.Size
	}
	if size > p.Device.Size {
		return disk.PVHeader{}, fmt.Errorf("resize PV %s to %v of %v: %w", p.Device.Path, size, p.Device.Size, ErrSmallDevice)
	}
	h, err := p.Header.Resized(size)
	if err != nil {
		return h, fmt.Errorf("resize PV %s: %w", p.Device.Path, err)
	}
	return h, nil
}

// CountExtents is how many extents of the given size a PV with header h has.
func CountExtents(h disk.PVHeader, extent units.Sectors) Extents {
	start, end := h.Data.Start.SectorsRoundUp(), h.DataEnd().SectorsRoundDown()
	if extent == 0 || end <= start {
		return 0
	}
	return Extents((end - start) / extent)
}

// ResizePV gives a PV that is in no VG the header of [DiskPV.Resized]. The locks and
// the device are as for [Scan.CreatePV].
func (s *Scan) ResizePV(pv *DiskPV, h disk.PVHeader) error {
	if err := s.resizePV(pv, h); err != nil {
		return fmt.Errorf("resize PV %s: %w", pv.Device.Path, err)
	}
	return nil
}

func (s *Scan) resizePV(pv *DiskPV, h disk.PVHeader) error {
	if _, err := s.onDevice(pv.Device, false); err != nil {
		return err
	}
	m, err := newMove(pv, h)
	if err != nil {
		return err
	}
	if err := m.leave(); err != nil {
		return err
	}
	if err := m.arrive(nil); err != nil {
		return err
	}
	s.forgive(pv.Device)
	return nil
}

// move is a PV that gets another header, and areas at other places with it. It
// leaves the old ones before the change that may use their room, and has the new
// ones after the change that no longer uses theirs. In between it has those that
// stay.
type move struct {
	pv     *DiskPV
	header disk.PVHeader // as it is to be
	before disk.PVHeader
	areas  []*DiskArea // of before
	stay   []*DiskArea
	added  []*DiskArea
}

// newMove checks the header, and finds out which areas move.
func newMove(pv *DiskPV, h disk.PVHeader) (*move, error) {
	m := &move{pv: pv, header: h, before: pv.Header, areas: pv.Areas}
	if h.ID != pv.Header.ID || !h.Writable() || !pv.Header.Writable() {
		return nil, fmt.Errorf("header of PV %s: %w", ID(h.ID), ErrUnknownHeader)
	}
	if faults := h.Check(pv.Device.Size); len(faults) > 0 {
		return nil, faults[0]
	}
	for _, at := range h.Metadata {
		i := slices.IndexFunc(pv.Areas, func(a *DiskArea) bool { return a.Area == at })
		if i >= 0 {
			m.stay = append(m.stay, pv.Areas[i])
		} else {
			m.added = append(m.added, &DiskArea{AreaHeader: disk.AreaHeader{Area: at}})
		}
	}
	return m, nil
}

// leave makes the label say that there are only the areas that stay.
func (m *move) leave() error {
	if len(m.stay) == len(m.areas) {
		return nil
	}
	h := m.before
	h.Metadata = nil
	for _, a := range m.stay {
		h.Metadata = append(h.Metadata, a.Area)
	}
	if err := m.pv.writeLabel(h); err != nil {
		return err
	}
	m.pv.Areas = m.stay
	return deviceError(m.pv, "flush", m.pv.Device.Sync())
}

// back undoes leave.
func (m *move) back() error {
	if len(m.pv.Areas) == len(m.areas) {
		return nil
	}
	m.pv.Areas = m.areas
	if err := m.pv.writeLabel(m.before); err != nil {
		return err
	}
	return deviceError(m.pv, "flush", m.pv.Device.Sync())
}

// arrive writes the new areas, with the text where there is one and the area is not
// ignored, and then the label.
func (m *move) arrive(text []byte) error {
	for _, a := range m.added {
		h := disk.AreaHeader{Area: a.Area}
		h.Committed.Flags = m.ignored()
		if text != nil && !h.Ignored() {
			l, err := a.Place(text, disk.Location{})
			if err != nil {
				return fmt.Errorf("PV %s: %w", m.pv.Device.Path, err)
			}
			for _, w := range a.Writes(text, l) {
				if _, err := m.pv.Device.WriteAt(w.Data, int64(w.Start)); err != nil {
					return deviceError(m.pv, "write metadata", err)
				}
			}
			h.Committed = l
		}
		if err := m.pv.writeArea(a, h); err != nil {
			return err
		}
	}
	if len(m.added) > 0 {
		if err := m.pv.Device.Sync(); err != nil {
			return deviceError(m.pv, "flush", err)
		}
	}
	h := m.header
	h.Sector = m.before.Sector
	h.Version, h.Flags = m.pv.Header.Version, m.pv.Header.Flags
	if err := m.pv.writeLabel(h); err != nil {
		return err
	}
	m.pv.Areas = append(slices.Clone(m.stay), m.added...)
	return deviceError(m.pv, "flush", m.pv.Device.Sync())
}

// ignored are the flags of the slot of a new area: those of the area that moved.
func (m *move) ignored() uint32 {
	for _, a := range m.areas {
		if !slices.Contains(m.stay, a) {
			return a.Committed.Flags & disk.FlagIgnored
		}
	}
	return 0
}
