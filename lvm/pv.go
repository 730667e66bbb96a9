package lvm

import "github.com/rok-storage/rok/units"

// PV is a physical volume as its VG's text says: a device that gives the VG
// Count extents, the first of them at sector Start.
type PV struct {
	ID     ID
	Device string // where it was when the text was written: a hint

	// How the devices file finds it; empty where there is none.
	DeviceIDType, DeviceID string

	Status Flags
	Flags  Flags
	Tags   []string

	Size  units.Sectors // dev_size; 0: the device's
	Start units.Sectors // pe_start
	Count Extents       // pe_count

	// The bootloader area; Length 0: none.
	BootStart, BootLength units.Sectors

	Unknown []Unknown
}

// Missing reports whether the PV was not there when its VG was last written.
func (pv *PV) Missing() bool { return pv.Status.Has(FlagMissing) || pv.Flags.Has(FlagMissing) }

// Allocatable reports whether LVs may get extents of it.
func (pv *PV) Allocatable() bool { return pv.Status.Has(FlagAllocatable) }

// Clone returns a copy that may be changed field by field.
func (pv *PV) Clone() *PV {
	c := *pv
	return &c
}
