package lvm

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/rok-storage/rok/lvm/text"
	"github.com/rok-storage/rok/units"
)

// The keys of a VG in lvm2's order: _print_vg, lib/format_text/export.c.
const (
	vgID = iota
	vgSeqno
	vgFormat
	vgStatus
	vgFlags
	vgTags
	vgSystemID
	vgLockType
	vgLockArgs
	vgExtentSize
	vgMaxLV
	vgMaxPV
	vgAllocation
	vgProfile
	vgMetadataCopies
	vgPVs
	vgLVs
	vgHistory
)

var vgKeys = []string{
	vgID: "id", vgSeqno: "seqno", vgFormat: "format", vgStatus: "status", vgFlags: "flags", vgTags: "tags",
	vgSystemID: "system_id", vgLockType: "lock_type", vgLockArgs: "lock_args", vgExtentSize: "extent_size",
	vgMaxLV: "max_lv", vgMaxPV: "max_pv", vgAllocation: "allocation_policy", vgProfile: "profile",
	vgMetadataCopies: "metadata_copies", vgPVs: "physical_volumes", vgLVs: "logical_volumes",
	vgHistory: "historical_logical_volumes",
}

// formatName is FMT_TEXT_NAME of lib/format_text/format-text.h.
const formatName = "lvm2"

// readVG reads the section that the reader is at.
func (d *decoder) readVG() {
	vg, r := d.vg, d.r
	vg.Name, vg.Format = r.Key(), formatName
	d.vgAt = r.Offset()
	e := d.open("VG", vgKeys, &vg.Unknown)
	e.sections = vgPVs
	for e.next() {
		switch {
		case e.index < vgPVs:
			d.readVGKey(e.index)
			continue
		case e.index == vgHistory:
			e.keep()
			continue
		case e.index == vgLVs && !e.has(vgPVs):
			r.Fail(r.Offset(), e.fault(ErrStructure, "logical volumes in front of the physical ones"))
		}
		for r.Next() {
			switch {
			case !r.Section():
				r.Fail(r.Offset(), e.fault(ErrStructure, "%s is no section among %s", r.Key(), e.after))
			case e.index == vgPVs:
				d.readPV()
			default:
				d.readLV()
			}
		}
	}
	vg.settleUnknown()
	e.need(vgID, vgSeqno, vgStatus, vgExtentSize, vgMaxLV, vgMaxPV, vgPVs)
}

// settleUnknown makes what stands behind the LVs independent of the empty lines
// that are printed there in any case.
func (vg *VG) settleUnknown() {
	first := true
	for i := range vg.Unknown {
		u := &vg.Unknown[i]
		history := u.After == vgKeys[vgHistory]
		if u.After != vgKeys[vgLVs] && !history {
			continue
		}
		lines := int32(1)
		if len(vg.LVs) == 0 {
			lines = 2
			if !history { // the LVs' section is not printed
				u.After = vgKeys[vgPVs]
				continue
			}
		}
		if first {
			u.Node.Blank = max(u.Node.Blank-lines, 0)
			first = false
		}
	}
}

func (d *decoder) readVGKey(key int) {
	vg, r := d.vg, d.r
	switch key {
	case vgID:
		vg.ID = d.id()
	case vgSeqno:
		vg.Seqno = r.Uint32()
	case vgFormat:
		vg.Format = r.Text()
	case vgStatus:
		vg.Status = d.words()
	case vgFlags:
		vg.Flags = d.words()
	case vgTags:
		vg.Tags = d.words()
	case vgSystemID:
		vg.SystemID = r.Text()
	case vgLockType:
		vg.LockType = r.Text()
	case vgLockArgs:
		vg.LockArgs = r.Text()
	case vgExtentSize:
		vg.ExtentSize = units.Sectors(r.Uint32())
	case vgMaxLV:
		vg.MaxLV = r.Uint32()
	case vgMaxPV:
		vg.MaxPV = r.Uint32()
	case vgAllocation:
		vg.Allocation = Allocation(r.Text())
	case vgProfile:
		vg.Profile = r.Text()
	case vgMetadataCopies:
		vg.MetadataCopies = r.Uint32()
	}
}

// pvName is what the text calls the PV of that index.
func pvName(i int) string { return "pv" + strconv.Itoa(i) }

// AppendText appends what lvm2 has in a metadata area, and the NUL behind it.
func (vg *VG) AppendText(b []byte) []byte {
	p := vg.printer(b, OnDisk)
	vg.print(p)
	vg.Origin.printSections(p)
	vg.Origin.print(p)
	return append(p.b, 0)
}

// AppendBackup appends what lvm2 has in a backup file, with comments that give
// times in zone; nil is UTC. lvm2 takes the host's.
func (vg *VG) AppendBackup(b []byte, zone *time.Location) []byte {
	p := vg.printer(b, Backup)
	if p.zone = zone; zone == nil {
		p.zone = time.UTC
	}
	vg.Origin.print(p)
	vg.print(p)
	vg.Origin.printSections(p)
	return p.b
}

func (vg *VG) printer(b []byte, form Form) *printer {
	p := &printer{b: slices.Grow(b, vg.textRoom()), form: form, vg: vg, pvs: make(map[ID]string, len(vg.PVs))}
	for i, pv := range vg.PVs {
		p.pvs[pv.ID] = pvName(i)
	}
	return p
}

// textRoom is about as much as the text on a disk needs: a buffer that grows as it
// is filled costs four times as much.
func (vg *VG) textRoom() int {
	const perVG, perPV, perLV, perSegment = 1024, 320, 176, 144
	room := perVG + perPV*len(vg.PVs)
	for _, lv := range vg.LVs {
		room += perLV + perSegment*len(lv.Segments)
	}
	return room
}

func (vg *VG) print(p *printer) {
	p.head(vg.Name)
	outer := p.object(vg.Unknown)
	p.id("id", vg.ID)
	p.number("seqno", uint64(vg.Seqno))
	p.key("format")
	p.b = text.AppendString(p.b, cmp.Or(vg.Format, formatName))
	p.comment("informational")
	p.end("format")
	p.words("status", vg.Status)
	p.words("flags", vg.Flags)
	p.wordsIf("tags", vg.Tags)
	p.textIf("system_id", vg.SystemID)
	p.textIf("lock_type", vg.LockType)
	p.textIf("lock_args", vg.LockArgs)
	p.size("extent_size", uint64(vg.ExtentSize), vg.ExtentSize)
	p.number("max_lv", uint64(vg.MaxLV))
	p.number("max_pv", uint64(vg.MaxPV))
	if vg.Allocation != AllocInherit {
		p.blank()
	}
	p.textIf("allocation_policy", string(vg.Allocation))
	p.textIf("profile", vg.Profile)
	p.number("metadata_copies", uint64(vg.MetadataCopies))

	p.open("physical_volumes")
	for i, pv := range vg.PVs {
		p.open(pvName(i))
		pv.print(p)
		p.close()
	}
	p.close()
	p.behind("physical_volumes")
	p.blank()
	if len(vg.LVs) > 0 {
		p.head("logical_volumes")
		for _, lv := range vg.printOrder() {
			p.open(lv.Name)
			lv.print(p)
			p.close()
		}
		p.close()
	}
	p.blank()
	p.behind("logical_volumes")
	p.behind("historical_logical_volumes")
	p.leave(outer)
	p.close()
}
