package lvm

import (
	"cmp"
	"fmt"

	"github.com/rok-storage/rok/units"
)

// SegmentReport is a line of lvs --segments: what an [LVReport] has of the
// whole LV, and what its segment adds.
type SegmentReport struct {
	LV            string      `json:"lv_name"`
	VG            string      `json:"vg_name"`
	Attr          string      `json:"lv_attr"`
	Type          string      `json:"segtype"`
	Start         units.Bytes `json:"seg_start"`
	StartExtent   Extents     `json:"seg_start_pe"`
	Size          units.Bytes `json:"seg_size"`
	Extents       Extents     `json:"seg_size_pe"`
	Stripes       int         `json:"stripes"`
	StripeSize    units.Bytes `json:"stripe_size"`
	ChunkSize     units.Bytes `json:"chunk_size"`
	Ranges        []string    `json:"seg_pe_ranges"` // "/dev/sda:0-9", or of the LVs below
	Devices       []string    `json:"devices"`
	TransactionID *uint64     `json:"transaction_id"`
	ThinID        *uint32     `json:"thin_id"`
	Volumes       *int        `json:"thin_count"`
	Discards      string      `json:"discards"`
	Zero          string      `json:"zero"` // "zero", "" for not, "unknown" where it makes no sense
	Tags          []string    `json:"seg_tags"`
}

// ReportSegments returns a line for each segment of each LV that
// [VG.ReportLVs] has a line for.
func (vg *VG) ReportSegments(hidden bool, state func(*LV) DeviceState, names ...string) []SegmentReport {
	r := newReporter(vg, state)
	var lines []SegmentReport
	for _, lv := range r.shown(hidden, names) {
		attr := r.attr(lv, r.state(lv))
		for i := range lv.Segments {
			lines = append(lines, r.segment(lv, &lv.Segments[i], attr))
		}
	}
	return lines
}

func (r *reporter) segment(lv *LV, s *Segment, attr string) SegmentReport {
	line := SegmentReport{
		LV: lv.Name, VG: r.vg.Name, Attr: attr, Type: segtype(s),
		Start: r.bytes(s.Start), StartExtent: s.Start, Size: r.bytes(s.Length), Extents: s.Length,
		Ranges: []string{}, Devices: r.appendDevices([]string{}, s), Zero: "unknown", Tags: tagList(s.Tags),
	}
	for a := range s.parts() {
		name := a.LV
		if pv := r.pvs[a.PV]; name == "" && pv != nil {
			name = pv.Device
		}
		line.Ranges = append(line.Ranges, fmt.Sprintf("%s:%d-%d", name, a.Start, a.Start+max(a.Length, 1)-1))
	}
	switch t := s.Type.(type) {
	case *Striped:
		line.Stripes, line.StripeSize = len(t.Areas), extentBytes(1, t.StripeSize)
	case *ThinPool:
		volumes := r.thins[lv.Name]
		line.Stripes, line.ChunkSize, line.TransactionID, line.Volumes = 1, extentBytes(1, t.ChunkSize), &t.TransactionID, &volumes
	case *Thin:
		line.TransactionID, line.ThinID = &t.TransactionID, &t.DeviceID
	case *Held:
		line.Stripes = len(line.Devices)
	}
	if pool := r.pool(lv); pool != nil {
		line.Discards, line.Zero = cmp.Or(pool.Discards, "ignore"), ""
		if pool.ZeroNewBlocks {
			line.Zero = "zero"
		}
	}
	if tie := r.cow[lv.Name]; tie != nil {
		line.ChunkSize = extentBytes(1, only(tie).(*Snapshot).ChunkSize)
	}
	return line
}
