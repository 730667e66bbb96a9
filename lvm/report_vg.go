package lvm

import (
	"strconv"

	"github.com/rok-storage/rok/units"
)

// VGReport is a line of vgs: fields are called as lvm2's are, and words are
// its words. Sizes are in bytes.
type VGReport struct {
	Name             string      `json:"vg_name"`
	UUID             string      `json:"vg_uuid"`
	Format           string      `json:"vg_fmt"`
	Attr             string      `json:"vg_attr"`
	Permissions      string      `json:"vg_permissions"`
	Extendable       string      `json:"vg_extendable"`
	Exported         string      `json:"vg_exported"`
	AutoActivation   string      `json:"vg_autoactivation"`
	Partial          string      `json:"vg_partial"`
	AllocationPolicy string      `json:"vg_allocation_policy"`
	Size             units.Bytes `json:"vg_size"`
	Free             units.Bytes `json:"vg_free"`
	ExtentSize       units.Bytes `json:"vg_extent_size"`
	Extents          Extents     `json:"vg_extent_count"`
	FreeExtents      Extents     `json:"vg_free_count"`
	MaxLV            uint32      `json:"max_lv"`
	MaxPV            uint32      `json:"max_pv"`
	PVs              int         `json:"pv_count"`
	MissingPVs       int         `json:"vg_missing_pv_count"`
	LVs              int         `json:"lv_count"` // volumes; parts of them do not count
	Snapshots        int         `json:"snap_count"`
	Seqno            uint32      `json:"vg_seqno"`
	Tags             []string    `json:"vg_tags"`
	SystemID         string      `json:"vg_systemid"`
	LockType         string      `json:"vg_lock_type"`
	LockArgs         string      `json:"vg_lock_args"`
	Profile          string      `json:"vg_profile"`
	Copies           string      `json:"vg_mda_copies"` // "unmanaged", or a number

	// What the devices say; nil and zero where they were not read.
	Areas     int          `json:"vg_mda_count"`
	UsedAreas int          `json:"vg_mda_used_count"`
	AreaSize  units.Bytes  `json:"vg_mda_size"` // of the smallest
	AreaFree  *units.Bytes `json:"vg_mda_free"` // in the fullest
}

// Report is vg's line in a report.
func (vg *VG) Report() VGReport {
	r := newReporter(vg, nil)
	used := usedExtents(vg)
	line := VGReport{
		Name: vg.Name, UUID: vg.ID.String(), Format: vg.Format, Attr: vg.Attr(),
		Permissions: "read-only", AutoActivation: "enabled", AllocationPolicy: AllocNormal.word(),
		ExtentSize: extentBytes(1, vg.ExtentSize), MaxLV: vg.MaxLV, MaxPV: vg.MaxPV,
		PVs: len(vg.PVs), MissingPVs: vg.missing(), Snapshots: len(r.cow), Seqno: vg.Seqno, Tags: tagList(vg.Tags),
		SystemID: vg.SystemID, LockType: vg.LockType, LockArgs: vg.LockArgs, Profile: vg.Profile, Copies: "unmanaged",
	}
	if vg.MetadataCopies > 0 {
		line.Copies = strconv.FormatUint(uint64(vg.MetadataCopies), 10)
	}
	for _, pv := range vg.PVs {
		line.Extents += pv.Count
		line.FreeExtents += pv.Count - min(used[pv.ID], pv.Count)
	}
	line.Size, line.Free = r.bytes(line.Extents), r.bytes(line.FreeExtents)
	for _, lv := range vg.LVs {
		if r.isVolume(lv) {
			line.LVs++
		}
	}
	for _, word := range []struct {
		set  bool
		to   *string
		word string
	}{
		{vg.Writable(), &line.Permissions, "writeable"},
		{vg.Status.Has(FlagResizeable), &line.Extendable, "extendable"},
		{vg.Status.Has(FlagExported), &line.Exported, "exported"},
		{vg.Flags.Has(FlagNoAutoActivate), &line.AutoActivation, ""},
		{line.MissingPVs > 0, &line.Partial, "partial"},
		{vg.Allocation != AllocInherit, &line.AllocationPolicy, vg.Allocation.word()},
	} {
		if word.set {
			*word.to = word.word
		}
	}
	return line
}
