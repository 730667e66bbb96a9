package lvm

import (
	"bytes"
	"cmp"
	"fmt"
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

	only   string // the VG that was asked for
	onText func(units.Bytes)
	texts  map[textKey]*diskText
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
	// OnText is called in front of each text that is read, with its length. Nil:
	// not called.
	OnText func(length units.Bytes)
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
	s := &Scan{only: o.VG, onText: o.OnText, texts: map[textKey]*diskText{}}
	var others []foreignText
	labels := readLabels(distinct(devices))
	defer func() {
		for _, l := range labels {
			l.device.give(l.start.start)
		}
	}()
	for _, l := range labels {
		if l.err != nil {
			s.Faults = append(s.Faults, &Fault{Object: "device", Name: l.device.Path, What: l.err.Error(), Err: l.err})
		}
		if l.pv == nil {
			continue
		}
		s.PVs = append(s.PVs, l.pv)
		for _, a := range l.pv.Areas {
			if id := s.foreign(a, l.start); id != "" {
				others = append(others, foreignText{l, a, id})
			} else {
				s.readText(l.pv, a, l.start, o.Verify)
			}
		}
	}
	// A VG that is being renamed has another name elsewhere.
	for _, other := range others {
		if s.hasTextOf(other.id) {
			s.readText(other.pv, other.area, other.start, o.Verify)
		}
	}
	s.group()
	return s
}

// distinct are the devices without those that are one with another.
func distinct(devices []*Device) []*Device {
	seen := map[[2]uint64]bool{}
	return slices.DeleteFunc(slices.Clone(devices), func(d *Device) bool {
		if d.same == [2]uint64{} {
			return false
		}
		again := seen[d.same]
		seen[d.same] = true
		return again
	})
}

// labelOf is what the start of a device has.
type labelOf struct {
	device *Device
	pv     *DiskPV // nil: no PV
	start  cachedDevice
	err    error
}

// foreignText is a text of another VG than the one that was asked for.
type foreignText struct {
	labelOf
	area *DiskArea
	id   string // that VG's
}

// scanReaders is how many devices are read at once: a disk that seeks takes
// milliseconds, and there may be hundreds.
const scanReaders = 32

// readLabels reads the labels and area headers of devices, in their order.
func readLabels(devices []*Device) []labelOf {
	labels := make([]labelOf, len(devices))
	read := func(i int) {
		l := labelOf{device: devices[i]}
		l.pv, l.start, l.err = readPV(devices[i], scanBuffer())
		if l.pv == nil {
			l.start = cachedDevice{} // of what is no PV, nothing is kept
		}
		labels[i] = l
	}
	readers := newAbreast(min(len(devices), scanReaders))
	for i := range devices {
		readers.run(func() { read(i) })
	}
	readers.wait()
	return labels
}

// counts reports whether an area has a text that counts.
func (a *DiskArea) counts() bool { return !a.Damaged && !a.Ignored() && !a.Committed.Empty() }

// foreign returns the ID of the VG whose text an area has, where one VG was asked
// for and that is another.
func (s *Scan) foreign(a *DiskArea, start cachedDevice) string {
	if s.only == "" || !a.counts() || a.CheckLocation(a.Committed) != nil {
		return ""
	}
	n := min(a.Committed.Size, a.Size-a.Committed.Offset, units.SectorSize)
	head, err := start.peek(int64(a.Start+a.Committed.Offset), n)
	if err != nil {
		return ""
	}
	if about, ok := disk.ReadSummary(head); ok && about.Name != s.only {
		return about.ID
	}
	return ""
}

// hasTextOf reports whether a text of the VG with that ID was read.
func (s *Scan) hasTextOf(id string) bool {
	for _, t := range s.texts {
		if t.vg.ID.String() == id {
			return true
		}
	}
	return false
}

// readText reads the committed text of an area.
func (s *Scan) readText(pv *DiskPV, a *DiskArea, start cachedDevice, verify bool) {
	if !a.counts() {
		return
	}
	l := a.Committed
	key := textKey{l.Size, l.Checksum}
	known, ok := s.texts[key]
	if ok && !verify {
		a.text = known
		return
	}
	if s.onText != nil {
		s.onText(l.Size)
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
			pv.Faults[len(pv.Faults)-1].VG = g.VG.Name
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
