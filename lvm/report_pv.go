package lvm

import "github.com/rok-storage/rok/units"

// PVReport is a line of pvs: fields are called as lvm2's are, and words are
// its words. Sizes are in bytes.
type PVReport struct {
	Name        string      `json:"pv_name"` // the device
	VG          string      `json:"vg_name"` // empty: in none
	UUID        string      `json:"pv_uuid"`
	Format      string      `json:"pv_fmt"`
	Attr        string      `json:"pv_attr"`
	Allocatable string      `json:"pv_allocatable"`
	Exported    string      `json:"pv_exported"`
	Missing     string      `json:"pv_missing"`
	InUse       string      `json:"pv_in_use"`
	Size        units.Bytes `json:"pv_size"` // of its extents
	Free        units.Bytes `json:"pv_free"`
	Used        units.Bytes `json:"pv_used"`
	DeviceSize  units.Bytes `json:"dev_size"`
	Start       units.Bytes `json:"pe_start"`
	Extents     Extents     `json:"pv_pe_count"`
	UsedExtents Extents     `json:"pv_pe_alloc_count"`
	BootStart   units.Bytes `json:"pv_ba_start"`
	BootSize    units.Bytes `json:"pv_ba_size"`
	Tags        []string    `json:"pv_tags"`

	// What the device says; nil and zero where it was not read.
	ExtensionVersion uint32       `json:"pv_ext_vsn"`
	Areas            int          `json:"pv_mda_count"`
	UsedAreas        int          `json:"pv_mda_used_count"`
	AreaSize         units.Bytes  `json:"pv_mda_size"` // of the smallest
	AreaFree         *units.Bytes `json:"pv_mda_free"` // in the fullest
}

// ReportPVs returns a line for each PV of vg, in the order of its text.
func (vg *VG) ReportPVs() []PVReport {
	used := usedExtents(vg)
	bytes := func(n Extents) units.Bytes { return extentBytes(n, vg.ExtentSize) }
	lines := make([]PVReport, 0, len(vg.PVs))
	for _, pv := range vg.PVs {
		line := PVReport{
			Name: pv.Device, VG: vg.Name, UUID: pv.ID.String(), Format: vg.Format, Attr: pv.Attr(), InUse: "used",
			Extents: pv.Count, UsedExtents: used[pv.ID],
			DeviceSize: extentBytes(1, pv.Size), Start: extentBytes(1, pv.Start),
			BootStart: extentBytes(1, pv.BootStart), BootSize: extentBytes(1, pv.BootLength), Tags: tagList(pv.Tags),
		}
		line.Size, line.Used = bytes(line.Extents), bytes(line.UsedExtents)
		line.Free = bytes(line.Extents - min(line.UsedExtents, line.Extents))
		if pv.Allocatable() {
			line.Allocatable = "allocatable"
		}
		if pv.Status.Has(FlagExported) {
			line.Exported = "exported"
		}
		if pv.Missing() {
			line.Missing = "missing"
		}
		lines = append(lines, line)
	}
	return lines
}
