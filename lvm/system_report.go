package lvm

import (
	"cmp"
	"slices"

	"github.com/rok-storage/rok/units"
)

// ReportPVs returns a line for each PV of the scan, in a VG or not, by device.
func (s *Scan) ReportPVs() []PVReport {
	var lines []PVReport
	for _, g := range s.VGs {
		lines = append(lines, g.ReportPVs()...)
	}
	for _, pv := range s.Orphans() {
		lines = append(lines, pv.report())
	}
	slices.SortStableFunc(lines, func(a, b PVReport) int { return cmp.Compare(a.Name, b.Name) })
	return lines
}

// View is the VG as it was found, for reports: its PVs have the paths that their
// devices have now, and those that were not found are marked as missing.
func (g *DiskVG) View() *VG {
	vg := g.VG.Clone()
	for i, pv := range vg.PVs {
		path := unknownDevice
		if d := g.PVs[i]; d != nil {
			path = d.Device.Path
		}
		if pv.Device == path {
			continue
		}
		vg.PVs[i] = pv.Clone()
		vg.PVs[i].Device = path
		if g.PVs[i] == nil {
			vg.PVs[i].Flags = pv.Flags.With(FlagMissing)
		}
	}
	return vg
}

// ReportPVs returns a line for each PV of the VG, with what its device says.
func (g *DiskVG) ReportPVs() []PVReport {
	lines := g.View().ReportPVs()
	for i, pv := range g.PVs {
		if pv != nil {
			pv.areas(&lines[i])
		}
	}
	return lines
}

// unknownDevice is what lvm2 calls the device of a PV that it did not find.
const unknownDevice = "[unknown]"

// report is the line of a PV that is in no VG.
func (p *DiskPV) report() PVReport {
	line := PVReport{
		Name: p.Device.Path, UUID: p.ID().String(), Format: formatName, Attr: "---",
		Size: p.Header.Size, Free: p.Header.Size, Start: p.Header.Data.Start,
		BootStart: p.Header.Boot.Start, BootSize: p.Header.Boot.Size, Tags: []string{},
	}
	if p.Header.Used() {
		// By a VG that was not found.
		line.Attr, line.InUse = "u--", "used"
	}
	p.areas(&line)
	return line
}

// areas fills in what the device has.
func (p *DiskPV) areas(line *PVReport) {
	line.DeviceSize = p.Device.Size
	line.ExtensionVersion = p.Header.Version
	line.Areas = len(p.Areas)
	for _, a := range p.Areas {
		if !a.Ignored() {
			line.UsedAreas++
		}
		if line.AreaSize == 0 || a.Size < line.AreaSize {
			line.AreaSize = a.Size
		}
		if free := a.free(); line.AreaFree == nil || free < *line.AreaFree {
			line.AreaFree = &free
		}
	}
	if line.AreaFree == nil {
		line.AreaFree = new(units.Bytes)
	}
}

// free is how much longer a text in the area may become, in whole sectors:
// mda_free_sectors of lib/format_text/format-text.c.
func (a *DiskArea) free() units.Bytes {
	most := a.MaxText()
	if !a.Damaged && !a.Committed.Empty() {
		most -= min(a.Committed.Size, most)
	}
	return most &^ (units.SectorSize - 1)
}

// Report is the VG's line in a report, with what its devices say.
func (g *DiskVG) Report() VGReport {
	line := g.View().Report()
	free := ^units.Bytes(0)
	for _, pv := range g.PVs {
		if pv == nil {
			continue
		}
		for _, a := range pv.Areas {
			line.Areas++
			if !a.Ignored() {
				line.UsedAreas++
			}
			if line.AreaSize == 0 || a.Size < line.AreaSize {
				line.AreaSize = a.Size
			}
			free = min(free, a.free())
		}
	}
	if line.Areas > 0 {
		line.AreaFree = &free
	} else {
		line.AreaFree = new(units.Bytes)
	}
	return line
}
