package lvm

import (
	"fmt"
	"io/fs"
	"slices"
)

// VG returns the VG of that name or ID. It fails with [fs.ErrNotExist], or with
// [ErrSameName] where the name is not enough.
func (s *Scan) VG(name string) (*DiskVG, error) {
	var found *DiskVG
	for _, g := range s.VGs {
		if g.VG.ID.String() == name {
			return g, nil
		}
		if g.VG.Name == name {
			if found != nil {
				return nil, fmt.Errorf("VG %s: %w", name, ErrSameName)
			}
			found = g
		}
	}
	if found == nil {
		return nil, fmt.Errorf("VG %s: %w", name, fs.ErrNotExist)
	}
	return found, nil
}

// PV returns the PV on the device of that path, or with that ID. It fails with
// [fs.ErrNotExist], or with [ErrDuplicatePV] where several devices have the ID.
func (s *Scan) PV(name string) (*DiskPV, error) {
	var found *DiskPV
	for _, pv := range s.PVs {
		if pv.Device.Path == name {
			return pv, nil
		}
		if pv.ID().String() == name {
			if found != nil {
				return nil, fmt.Errorf("PV %s: %w", name, ErrDuplicatePV)
			}
			found = pv
		}
	}
	if found == nil {
		return nil, fmt.Errorf("PV %s: %w", name, fs.ErrNotExist)
	}
	return found, nil
}

// Orphans are the PVs that are in no VG that was found.
func (s *Scan) Orphans() (orphans []*DiskPV) {
	for _, pv := range s.PVs {
		if pv.VG == nil {
			orphans = append(orphans, pv)
		}
	}
	return orphans
}

// AllFaults are the faults of s and of its VGs.
func (s *Scan) AllFaults() []*Fault {
	all := slices.Clone(s.Faults)
	for _, g := range s.VGs {
		all = append(all, g.Faults...)
	}
	return all
}
