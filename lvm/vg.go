package lvm

import (
	"slices"

	"github.com/rok-storage/rok/units"
)

// Extents counts a VG's extents, each VG.ExtentSize long. lvm2 keeps 32 bits.
type Extents uint64

// VG is a volume group as its metadata text says. It is a value: operations
// return a new VG that shares what did not change with the old one, so what is
// reached through a VG must never be written to; Clone an object, or use the
// operations.
type VG struct {
	Name   string
	ID     ID
	Seqno  uint32 // of the text; a commit writes the next one
	Format string // "lvm2"
	Status Flags
	Flags  Flags
	Tags   []string

	SystemID           string // the host that owns the VG; empty: any
	LockType, LockArgs string // lvmlockd's; empty: locked by files

	ExtentSize     units.Sectors
	MaxLV, MaxPV   uint32 // 0: no limit
	Allocation     Allocation
	Profile        string
	MetadataCopies uint32 // 0: in all metadata areas

	PVs []*PV // in the order of the text
	LVs []*LV // in the order of the text: visible ones first

	Unknown []Unknown // what rok does not know; historical LVs among it

	Origin Origin
}

// PV returns the PV with the given ID, or nil.
func (vg *VG) PV(id ID) *PV {
	for _, pv := range vg.PVs {
		if pv.ID == id {
			return pv
		}
	}
	return nil
}

// LV returns the LV with the given name, hidden ones too, or nil.
func (vg *VG) LV(name string) *LV {
	for _, lv := range vg.LVs {
		if lv.Name == name {
			return lv
		}
	}
	return nil
}

// Clone returns a copy of vg with lists of its own, whose PVs and LVs are
// shared: replace them, do not write to them.
func (vg *VG) Clone() *VG {
	c := *vg
	c.PVs, c.LVs = slices.Clone(vg.PVs), slices.Clone(vg.LVs)
	return &c
}
