package lvm

import (
	"slices"

	"github.com/rok-storage/rok/units"
)

// NewPV is a device that joins a VG: what its label and its place say.
type NewPV struct {
	ID     ID
	Device string
	Size   units.Sectors // of the device
	Start  units.Sectors // of the first extent
	// End is where the data ends: in front of a second metadata area. Zero: Size.
	End                    units.Sectors
	BootStart, BootLength  units.Sectors // the bootloader area
	DeviceIDType, DeviceID string
}

// AddPVs adds PVs to the VG, in this order. All of them have as many extents as
// fit between Start and End.
type AddPVs struct{ PVs []NewPV }

// RemovePV takes a PV out of the VG. Nothing may lie on it, and it may not be
// the last.
type RemovePV struct{ PV ID }

// ChangePV says whether LVs may get extents of a PV.
type ChangePV struct {
	PV          ID
	Allocatable bool
}

// ResizePV gives a PV the size of its device, or a smaller one. Extents that are
// in use cannot be cut off.
type ResizePV struct {
	PV   ID
	Size units.Sectors // as of [NewPV]
	End  units.Sectors // the same
}

func (op AddPVs) about(vg *VG) (string, string) { return "extend VG", vg.Name }
func (op RemovePV) about(vg *VG) (string, string) {
	return "reduce VG", vg.Name + ", PV " + op.PV.String()
}
func (op ChangePV) about(*VG) (string, string) { return "change PV", op.PV.String() }
func (op ResizePV) about(*VG) (string, string) { return "resize PV", op.PV.String() }

func (op AddPVs) apply(b *Batch) (string, error) {
	if err := b.resizeable(); err != nil {
		return "", err
	}
	if err := b.addPVs(op.PVs); err != nil {
		return "", err
	}
	return b.vg.Name, nil
}

func (b *Batch) addPVs(news []NewPV) error {
	total := b.vgExtents()
	pvs := slices.Clone(b.pvs)
	for i := range news {
		n := &news[i]
		if b.vg.MaxPV != 0 && len(pvs) >= int(b.vg.MaxPV) {
			return refuse(ErrLimit, "max_pv of the VG is %d", b.vg.MaxPV)
		}
		if slices.ContainsFunc(pvs, func(pv *PV) bool { return pv.ID == n.ID }) {
			return refuse(ErrExists, "PV %s", n.ID)
		}
		end := n.End
		if end == 0 {
			end = n.Size
		}
		if n.ID.IsZero() || end < n.Start || end > n.Size {
			return refuse(ErrInvalid, "PV %s: data from sector %d to %d of %d", n.Device, n.Start, end, n.Size)
		}
		pv := &PV{
			ID: n.ID, Device: n.Device, DeviceIDType: n.DeviceIDType, DeviceID: n.DeviceID,
			Status: Flags{FlagAllocatable}, Size: n.Size, Start: n.Start,
			Count: Extents((end - n.Start) / b.vg.ExtentSize), BootStart: n.BootStart, BootLength: n.BootLength,
		}
		if total += pv.Count; total > maxExtents || pv.Count > maxExtents {
			return refuse(ErrLimit, "%d extents in a VG", total)
		}
		pvs = append(pvs, pv)
	}
	for _, pv := range pvs[len(b.pvs):] {
		b.space = append(b.space, newFreeSpace(pv.Count, nil))
	}
	b.pvs = pvs
	return nil
}

func (op RemovePV) apply(b *Batch) (string, error) {
	if err := b.resizeable(); err != nil {
		return "", err
	}
	i, err := b.findPV(op.PV)
	if err != nil {
		return "", err
	}
	switch {
	case b.space[i].total != b.pvs[i].Count:
		return "", refuse(ErrInUse, "%d of its extents", b.pvs[i].Count-b.space[i].total)
	case len(b.pvs) == 1:
		return "", refuse(ErrInUse, "it is the last PV")
	}
	device := b.pvs[i].Device
	b.pvs = slices.Delete(slices.Clone(b.pvs), i, i+1)
	b.space = slices.Delete(b.space, i, i+1)
	return device, nil
}

func (op ChangePV) apply(b *Batch) (string, error) {
	if err := b.complete(); err != nil {
		return "", err
	}
	i, err := b.findPV(op.PV)
	if err != nil {
		return "", err
	}
	if b.pvs[i].Allocatable() == op.Allocatable {
		return "", refuse(ErrUnchanged, "allocatable")
	}
	pv := b.editPV(i)
	pv.Status = pv.Status.set(FlagAllocatable, op.Allocatable)
	return pv.Device, nil
}

func (op ResizePV) apply(b *Batch) (string, error) {
	if err := b.complete(); err != nil {
		return "", err
	}
	i, err := b.findPV(op.PV)
	if err != nil {
		return "", err
	}
	pv := b.pvs[i]
	end := op.End
	if end == 0 {
		end = op.Size
	}
	const smallest units.Sectors = 2 << 20 / units.SectorSize // PV_MIN_SIZE_KB, lib/metadata/metadata.c
	if op.Size < smallest || end > op.Size || end < pv.Start || end-pv.Start < b.vg.ExtentSize {
		return "", refuse(ErrInvalid, "no extent fits into sectors %d to %d", pv.Start, end)
	}
	count := Extents((end - pv.Start) / b.vg.ExtentSize)
	others := b.vgExtents() - pv.Count
	switch used := b.used(i); {
	case count < used:
		return "", refuse(ErrInUse, "extent %d, and %d would be left", used-1, count)
	case count > maxExtents || others+count > maxExtents:
		return "", refuse(ErrLimit, "%d extents in a VG", others+count)
	case count > pv.Count:
		b.space[i].give(run{pv.Count, count - pv.Count})
	case count < pv.Count:
		b.space[i].take(run{count, pv.Count - count})
	}
	pv = b.editPV(i)
	// lvm2 writes the size of the data alone from then on: pv_resize,
	// lib/metadata/pv_manip.c.
	pv.Size, pv.Count = end-pv.Start, count
	return pv.Device, nil
}

// used is where the extents end that are in use on the PV.
func (b *Batch) used(i int) Extents {
	free := b.space[i].byStart
	if n := len(free); n > 0 && free[n-1].end() == b.pvs[i].Count {
		return free[n-1].start
	}
	return b.pvs[i].Count
}

func (b *Batch) findPV(id ID) (int, error) {
	i := b.pvIndex(id)
	if i < 0 {
		return 0, &OpError{Err: ErrNotFound}
	}
	return i, nil
}

// editPV returns a PV for writing. PVs are few: each time it is a new one.
func (b *Batch) editPV(i int) *PV {
	pv := b.pvs[i].Clone()
	b.pvs = slices.Clone(b.pvs)
	b.pvs[i] = pv
	return pv
}

// resizeable refuses a VG that PVs may not join or leave.
func (b *Batch) resizeable() error {
	if !b.vg.Status.Has(FlagResizeable) {
		return refuse(ErrReadOnly, "it is not resizeable")
	}
	return b.complete()
}
