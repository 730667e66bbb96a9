package lvm

import (
	"errors"
	"fmt"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// DiskVG is a VG as its PVs' metadata areas say: the newest text, and where it is.
type DiskVG struct {
	VG *VG
	// PVs are those of VG.PVs, in their order: nil where one is missing.
	PVs []*DiskPV
	// Outdated are PVs whose texts say that they are in the VG, which the newest
	// text does not: they left while they were not there. The next commit empties
	// them.
	Outdated []*DiskPV
	// Faults are all that is wrong with the VG on its devices; that its text is
	// sound is another matter: see [VG.Validate].
	Faults []*Fault

	refusals []error     // those of the faults for which the VG is not written
	rivals   []*diskText // as new as the text of VG, and different
	newest   *diskText
}

// Complete reports whether all PVs are there.
func (g *DiskVG) Complete() bool {
	for _, pv := range g.PVs {
		if pv == nil {
			return false
		}
	}
	return true
}

// Writable returns nil, or why no commit changes the VG as it is on its devices:
// faults, joined. See [Scan.Commit] for the other reasons there are.
func (g *DiskVG) Writable() error { return errors.Join(g.refusals...) }

// fault adds a fault of the VG that does not keep it from being written.
func (g *DiskVG) fault(f *Fault) { g.Faults = append(g.Faults, f) }

// refuse adds a fault for which the VG is not written.
func (g *DiskVG) refuse(f *Fault) {
	g.Faults = append(g.Faults, f)
	g.refusals = append(g.refusals, f)
}

// consider takes t if it is the newest text. Of texts as new as each other, the
// one that more areas have is taken, and the first of them.
func (g *DiskVG) consider(t *diskText) {
	switch {
	case g.newest == nil || t.vg.Seqno > g.newest.vg.Seqno:
		g.newest, g.VG, g.rivals = t, t.vg, nil
	case t != g.newest && t.vg.Seqno == g.newest.vg.Seqno:
		for _, r := range g.rivals {
			if r == t {
				return
			}
		}
		g.rivals = append(g.rivals, t)
	}
}

// collect finds the devices of the PVs.
func (g *DiskVG) collect(byID map[ID][]*DiskPV) {
	for i, r := range g.rivals {
		if r.areas > g.newest.areas {
			g.newest, g.rivals[i], g.VG = r, g.newest, r.vg
		}
	}
	g.PVs = make([]*DiskPV, len(g.VG.PVs))
	for i, pv := range g.VG.PVs {
		found := byID[pv.ID]
		if len(found) == 0 {
			g.refuse(g.pvFault(pv, ErrMissingPV, mendByReduce, "no device has it"))
			continue
		}
		g.PVs[i] = found[0]
		for _, other := range found[1:] {
			g.refuse(g.pvFault(pv, ErrDuplicatePV, "leave one of the devices out, or give it another ID", "%s and %s have it", found[0].Device.Path, other.Device.Path))
			other.VG = g
		}
		if rival := found[0].VG; rival != nil && rival != g {
			g.contest(i, rival)
			continue
		}
		found[0].VG = g
	}
}

// contest decides whose PV i of g is, which rival has too: it is that VG's whose
// text the PV itself has.
func (g *DiskVG) contest(i int, rival *DiskVG) {
	pv, d := g.VG.PVs[i], g.PVs[i]
	mine, its := d.hasTextOf(g), d.hasTextOf(rival)
	if mine == its {
		for _, v := range []*DiskVG{g, rival} {
			v.refuse(v.pvFault(pv, ErrClaimed, "restore the VG that it does not belong to", "VGs %s and %s have it", rival.VG.Name, g.VG.Name))
		}
		return
	}
	loser, winner := g, rival
	if mine {
		loser, winner = rival, g
	}
	for j := range loser.PVs {
		if loser.PVs[j] == d {
			loser.PVs[j] = nil
		}
	}
	d.VG = winner
	loser.refuse(loser.pvFault(pv, ErrMissingPV, mendByReduce, "%s has it, for VG %s", d.Device.Path, winner.VG.Name))
}

// hasTextOf reports whether a metadata area of the PV has a text of g.
func (p *DiskPV) hasTextOf(g *DiskVG) bool {
	for _, a := range p.Areas {
		if a.text != nil && a.text.vg.ID == g.VG.ID {
			return true
		}
	}
	return false
}

// pvFault is a fault of a PV of the VG.
func (g *DiskVG) pvFault(pv *PV, err error, mend, format string, args ...any) *Fault {
	return &Fault{Object: "PV", Name: pv.ID.String(), What: fmt.Sprintf("of VG %s: ", g.VG.Name) + fmt.Sprintf(format, args...), Mend: mend, Err: err}
}

// examine looks at each PV in the light of the text.
func (g *DiskVG) examine() {
	for _, r := range g.rivals {
		g.refuse(&Fault{
			Object: "VG", Name: g.VG.Name, Err: ErrConflict, Mend: "restore one of them",
			What: fmt.Sprintf("%d metadata areas have number %d, %d others have another text of that number", g.newest.areas, r.vg.Seqno, r.areas),
		})
	}
	for i, pv := range g.VG.PVs {
		d := g.PVs[i]
		if d == nil {
			continue
		}
		if pv.Missing() {
			g.fault(g.pvFault(pv, ErrMissingPV, "take it back into the VG", "it is there again, and the text says it is missing"))
		}
		if !d.Header.Used() {
			g.fault(g.pvFault(pv, ErrUsedFlag, mendByWrite, "the header on %s does not say that it is in a VG", d.Device.Path))
		}
		if err := checkExtents(pv, d, d.Header.Metadata, g.VG.ExtentSize); err != nil {
			g.refuse(err)
		}
		for _, a := range d.Areas {
			g.examineArea(d, a)
		}
	}
}

// examineArea looks at one metadata area of a PV of the VG.
func (g *DiskVG) examineArea(d *DiskPV, a *DiskArea) {
	fault := func(format string, args ...any) {
		g.fault(&Fault{Object: "PV", Name: d.Device.Path, What: fmt.Sprintf(format, args...), Mend: mendByWrite, Err: ErrStale})
	}
	switch {
	case a.Misplaced:
		g.refusals = append(g.refusals, &Fault{Object: "PV", Name: d.Device.Path, Err: ErrMisplaced,
			What: fmt.Sprintf("metadata area at byte %d is where it must not be", uint64(a.Start))})
	case a.Damaged || a.Ignored():
	case a.Committed.Empty():
		fault("metadata area at byte %d has no text", uint64(a.Start))
	case a.text != nil && a.text.vg.ID != g.VG.ID:
		fault("metadata area at byte %d has a text of VG %s", uint64(a.Start), a.text.vg.Name)
	case a.text != nil && a.text.vg.Seqno < g.VG.Seqno:
		fault("metadata area at byte %d has number %d, the newest is %d", uint64(a.Start), a.text.vg.Seqno, g.VG.Seqno)
	}
}

// checkExtents returns what keeps the extents of pv from being on its device beside
// the metadata areas, or nil.
func checkExtents(pv *PV, d *DiskPV, areas []disk.Area, extent units.Sectors) *Fault {
	fault := func(err error, mend, format string, args ...any) *Fault {
		return &Fault{Object: "PV", Name: d.Device.Path, What: fmt.Sprintf(format, args...), Mend: mend, Err: err}
	}
	device := d.Device.Size.SectorsRoundDown()
	if pv.Size > device {
		return fault(ErrSmallDevice, "make the device larger, or the PV smaller", "the device has %d sectors, the VG says %d", device, pv.Size)
	}
	if extent > 1<<32 || pv.Count > 1<<32 || pv.Start > device || units.Sectors(pv.Count)*extent > device-pv.Start {
		return fault(ErrSmallDevice, "make the device larger, or the PV smaller", "%d extents of %d sectors from sector %d on, the device has %d", pv.Count, extent, pv.Start, device)
	}
	start, end := pv.Start, pv.Start+units.Sectors(pv.Count)*extent
	for _, a := range areas {
		from, to := a.Start.SectorsRoundDown(), (a.Start + a.Size).SectorsRoundUp()
		if from < end && start < to {
			return fault(ErrMisplaced, "", "extents are in sectors %d to %d, a metadata area in %d to %d", start, end, from, to)
		}
	}
	return nil
}
