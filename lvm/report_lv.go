package lvm

import (
	"strconv"
	"time"

	"github.com/rok-storage/rok/units"
)

// LVReport is a line of lvs: fields are called as lvm2's are, and words are
// its words. Sizes are in bytes; nil is not known, or makes no sense there.
type LVReport struct {
	Name             string       `json:"lv_name"`
	VG               string       `json:"vg_name"`
	UUID             string       `json:"lv_uuid"`
	FullName         string       `json:"lv_full_name"`
	Path             string       `json:"lv_path"`    // empty for pools and parts of volumes
	DMPath           string       `json:"lv_dm_path"` // as it is when active
	Attr             string       `json:"lv_attr"`
	Visible          bool         `json:"lv_visible"` // lvs prints the others in brackets; not one of lvm2's fields
	Size             units.Bytes  `json:"lv_size"`
	MetadataSize     *units.Bytes `json:"lv_metadata_size"` // of pools
	Segments         int          `json:"seg_count"`
	Type             string       `json:"segtype"` // of the first segment
	Permissions      string       `json:"lv_permissions"`
	AllocationPolicy string       `json:"lv_allocation_policy"`
	SkipActivation   string       `json:"lv_skip_activation"`
	AutoActivation   string       `json:"lv_autoactivation"`
	WhenFull         string       `json:"lv_when_full"`
	ReadAhead        string       `json:"lv_read_ahead"` // "auto", or bytes
	Active           string       `json:"lv_active"`
	KernelMajor      int32        `json:"lv_kernel_major"` // -1 where it is not active
	KernelMinor      int32        `json:"lv_kernel_minor"`
	Origin           string       `json:"origin"`
	Pool             string       `json:"pool_lv"`
	Data             string       `json:"data_lv"`
	Metadata         string       `json:"metadata_lv"`
	DataPercent      *float64     `json:"data_percent"`
	MetadataPercent  *float64     `json:"metadata_percent"`
	SnapPercent      *float64     `json:"snap_percent"`
	Tags             []string     `json:"lv_tags"`
	Profile          string       `json:"lv_profile"`
	Time             string       `json:"lv_time"` // RFC 3339; empty where the text has none
	Host             string       `json:"lv_host"`
	Devices          []string     `json:"devices"` // of all segments: "/dev/sda(0)", or the LVs below
}

// ReportLVs returns a line for each LV of vg, in the order of lvs: by name, and
// of parts of volumes too where hidden is set; or for each LV that is named, part
// or not. state tells what the kernel has; nil: it was not asked.
func (vg *VG) ReportLVs(hidden bool, state func(*LV) DeviceState, names ...string) []LVReport {
	r := newReporter(vg, state)
	lvs := r.shown(hidden, names)
	lines := make([]LVReport, len(lvs))
	for i, lv := range lvs {
		lines[i] = r.lv(lv)
	}
	return lines
}

// lv is the line of one LV.
func (r *reporter) lv(lv *LV) LVReport {
	s := r.state(lv)
	line := LVReport{
		Name: lv.Name, VG: r.vg.Name, UUID: lv.ID.String(), FullName: r.vg.Name + "/" + lv.Name,
		DMPath: "/dev/mapper/" + DeviceName(r.vg.Name, lv.Name, LayerNone),
		Attr:   r.attr(lv, s), Visible: r.isVolume(lv),
		Size: r.bytes(lv.Size()), Segments: len(lv.Segments), Permissions: r.permissions(lv, s),
		AllocationPolicy: lv.Allocation.word(), AutoActivation: "enabled",
		ReadAhead: lv.ReadAhead.word(), Active: s.active(), KernelMajor: -1, KernelMinor: -1,
		Tags: tagList(lv.Tags), Profile: lv.Profile, Host: lv.CreationHost, Devices: []string{},
	}
	if _, pool := only(lv).(*ThinPool); line.Visible && !pool {
		line.Path = "/dev/" + line.FullName
	}
	if lv.Flags.Has(FlagActivationSkip) {
		line.SkipActivation = "skip activation"
	}
	if lv.Flags.Has(FlagNoAutoActivate) {
		line.AutoActivation = ""
	}
	if s.Exists {
		line.KernelMajor, line.KernelMinor = s.Major, s.Minor
	}
	if lv.CreationTime != 0 {
		line.Time = time.Unix(lv.CreationTime, 0).UTC().Format(time.RFC3339)
	}
	for i := range lv.Segments {
		line.Devices = r.appendDevices(line.Devices, &lv.Segments[i])
	}
	if len(lv.Segments) > 0 {
		line.Type = segtype(&lv.Segments[0])
		r.relate(&line, lv, s)
	}
	return line
}

// relate fills in what stands on what.
func (r *reporter) relate(line *LVReport, lv *LV, s DeviceState) {
	percent := func(p float64) *float64 {
		if !s.Known || p < 0 {
			return nil
		}
		return &p
	}
	switch t := lv.Segments[0].Type.(type) {
	case *ThinPool:
		line.Data, line.Metadata = t.Data, t.Metadata
		line.DataPercent, line.MetadataPercent = percent(s.Used), percent(s.MetadataUsed)
		if line.WhenFull = "queue"; lv.Flags.Has(FlagErrorWhenFull) {
			line.WhenFull = "error"
		}
		if m := r.lvs[t.Metadata]; m != nil {
			size := r.bytes(m.Size())
			line.MetadataSize = &size
		}
	case *Thin:
		line.Pool, line.Origin = t.Pool, t.Origin
		if t.Origin == "" {
			line.Origin = t.ExternalOrigin
		}
		line.DataPercent = percent(s.Used)
	}
	if tie := r.cow[lv.Name]; tie != nil {
		line.Origin = only(tie).(*Snapshot).Origin
		line.DataPercent = percent(s.Used)
	}
	line.SnapPercent = line.DataPercent // lvm2 prints it for what is no snapshot too
}

// permissions are lvm2's words: what the kernel allows, where that is known.
func (r *reporter) permissions(lv *LV, s DeviceState) string {
	switch {
	case !lv.Writable():
		return "read-only"
	case s.ReadOnly:
		return "read-only-override"
	case !s.Exists:
		return "unknown"
	}
	return "writeable"
}

// word is lvm2's word for a policy in reports.
func (a Allocation) word() string {
	if a == AllocInherit {
		return "inherit"
	}
	return string(a)
}

// word is "auto", or the number of bytes.
func (a ReadAhead) word() string {
	switch a {
	case ReadAheadAuto:
		return "auto"
	case ReadAheadNone:
		return "0"
	}
	return strconv.FormatUint(uint64(extentBytes(1, units.Sectors(a))), 10)
}
