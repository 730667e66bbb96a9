package lvm

import (
	"fmt"

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
