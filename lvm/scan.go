package lvm

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// Scan is what a set of devices holds: PVs, the VGs that they make, and what is
// wrong with both.
//
// A scan that is only looked at needs no lock: whatever a writer does meanwhile,
// each area has a whole text, and the newest one is found. A scan that a commit
// follows is made with the locks held that the commit needs, see [Scan.Commit].
type Scan struct {
	PVs []*DiskPV // in the order of the devices
	VGs []*DiskVG // by name, then ID
	// Faults are those of devices, and of PVs that are in no VG.
	Faults []*Fault

	only  string // the VG that was asked for
	texts map[textKey]*diskText
}

// ScanOptions say what a scan is for. The zero value reads what is needed to know
// all VGs.
type ScanOptions struct {
	// VG is the name of the only VG whose text is read and parsed. The others are
	// not in the scan, and their PVs seem to be in none. Empty: all.
	VG string
	// Verify reads the text in every area. Otherwise one whose length and
	// checksum are those of a text that was read is taken for it.
	Verify bool
}

// textKey tells texts apart.
type textKey struct {
	size     units.Bytes
	checksum uint32
}

// diskText is a text that one or more areas have.
type diskText struct {
	vg    *VG
	areas int // that have it
}

// ScanDevices reads what is on devices. A device that cannot be read, or is
// damaged, is a fault of the scan, not an error. One thing that comes twice, by
// two paths, is read once.
func ScanDevices(devices []*Device, o ScanOptions) *Scan {
	s := &Scan{only: o.VG, texts: map[textKey]*diskText{}}
	seen := map[[2]uint64]bool{}
	var buf []byte
	for _, d := range devices {
		if d.same != [2]uint64{} {
			if seen[d.same] {
				continue
			}
			seen[d.same] = true
		}
		if buf == nil {
			buf = scanBuffer()
		}
		pv, start, err := readPV(d, buf)
		if err != nil {
			s.Faults = append(s.Faults, &Fault{Object: "device", Name: d.Path, What: err.Error(), Err: err})
			continue
		}
		if pv == nil {
			continue
		}
		for _, a := range pv.Areas {
			s.readText(pv, a, start, o.Verify)
		}
		s.PVs = append(s.PVs, pv)
	}
	s.group()
	return s
}

// readText reads the committed text of an area.
func (s *Scan) readText(pv *DiskPV, a *DiskArea, start cachedDevice, verify bool) {
	l := a.Committed
	if a.Damaged || a.Ignored() || l.Empty() {
		return
	}
	key := textKey{l.Size, l.Checksum}
	known, ok := s.texts[key]
	if ok && !verify {
		a.text = known
		return
	}
	if s.only != "" {
		var b [units.SectorSize]byte
		head := b[:min(l.Size, units.SectorSize)]
		if a.CheckLocation(l) == nil {
			if _, err := start.ReadAt(head, int64(a.Start+l.Offset)); err == nil {
				if about, ok := disk.ReadSummary(head); ok && about.Name != s.only {
					return
				}
			}
		}
	}
	src, err := a.ReadText(start, l)
	if err == nil && !ok {
		known = &diskText{}
		if known.vg, err = Decode(src, OnDisk); err != nil {
			err = fmt.Errorf("metadata text at byte %d: %w", uint64(a.Start+l.Offset), err)
		} else {
			s.texts[key] = known
		}
	}
	if err != nil {
		pv.faults(err, mendByWrite)
		return
	}
	a.text = known
}

// group makes VGs of the texts that the areas have.
func (s *Scan) group() {
	byID := map[ID]*DiskVG{}
	for _, pv := range s.PVs {
		for _, a := range pv.Areas {
			if a.text == nil {
				continue
			}
			a.text.areas++
			id := a.text.vg.ID
			g := byID[id]
			if g == nil {
				g = &DiskVG{}
				byID[id] = g
				s.VGs = append(s.VGs, g)
			}
			g.consider(a.text)
		}
	}
	slices.SortFunc(s.VGs, compareVGs)
	byPV := map[ID][]*DiskPV{}
	for _, pv := range s.PVs {
		byPV[pv.ID()] = append(byPV[pv.ID()], pv)
	}
	for i, g := range s.VGs {
		if i > 0 && s.VGs[i-1].VG.Name == g.VG.Name {
			for _, same := range s.VGs[i-1 : i+1] {
				same.refuse(&Fault{Object: "VG", Name: g.VG.Name, What: fmt.Sprintf("its ID is %s, another one has the name too", same.VG.ID), Mend: "rename one of them, by its ID", Err: ErrSameName})
			}
		}
		g.collect(byPV)
	}
	for _, pv := range s.PVs {
		s.judge(pv, byID)
	}
	for _, g := range s.VGs {
		g.examine()
	}
}

func compareVGs(a, b *DiskVG) int {
	return cmp.Or(cmp.Compare(a.VG.Name, b.VG.Name), bytes.Compare(a.VG.ID[:], b.VG.ID[:]))
}

// judge finds what becomes of a PV that no VG has, and what is wrong with the
// texts of one that a VG has.
func (s *Scan) judge(pv *DiskPV, byID map[ID]*DiskVG) {
	for _, a := range pv.Areas {
		if a.text == nil || pv.VG != nil {
			continue
		}
		g := byID[a.text.vg.ID]
		if !slices.Contains(g.Outdated, pv) {
			g.Outdated = append(g.Outdated, pv)
			pv.fault(ErrOutdated, "its metadata, %d, says that it is in VG %s, which has %d, and not the PV", mendByWrite, a.text.vg.Seqno, g.VG.Name, g.VG.Seqno)
		}
	}
	if pv.VG != nil {
		pv.VG.Faults = append(pv.VG.Faults, pv.Faults...)
		return
	}
	if pv.Header.Used() && s.only == "" && !slices.ContainsFunc(pv.Areas, func(a *DiskArea) bool { return a.text != nil }) {
		pv.fault(ErrUsedFlag, "its header says that a VG uses it, and none of those that were found does", "restore the VG, or make the PV anew by force")
	}
	s.Faults = append(s.Faults, pv.Faults...)
}

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
