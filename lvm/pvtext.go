package lvm

import (
	"github.com/rok-storage/rok/lvm/text"
	"github.com/rok-storage/rok/units"
)

// The keys of a PV in lvm2's order: _print_pvs, lib/format_text/export.c.
const (
	pvID = iota
	pvDevice
	pvDeviceIDType
	pvDeviceID
	pvStatus
	pvFlags
	pvTags
	pvSize
	pvStart
	pvCount
	pvBootStart
	pvBootLength
)

var pvKeys = []string{
	pvID: "id", pvDevice: "device", pvDeviceIDType: "device_id_type", pvDeviceID: "device_id",
	pvStatus: "status", pvFlags: "flags", pvTags: "tags", pvSize: "dev_size", pvStart: "pe_start",
	pvCount: "pe_count", pvBootStart: "ba_start", pvBootLength: "ba_size",
}

// readPV reads the section that the reader is at.
func (d *decoder) readPV() {
	r, pv := d.r, &PV{}
	e := d.open("PV", pvKeys, &pv.Unknown)
	for e.next() {
		switch e.index {
		case pvID:
			pv.ID = d.id()
		case pvDevice:
			pv.Device = r.Text()
		case pvDeviceIDType:
			pv.DeviceIDType = r.Text()
		case pvDeviceID:
			pv.DeviceID = r.Text()
		case pvStatus:
			pv.Status = d.words()
		case pvFlags:
			pv.Flags = d.words()
		case pvTags:
			pv.Tags = d.words()
		case pvSize:
			pv.Size = units.Sectors(r.Uint64())
		case pvStart:
			pv.Start = units.Sectors(r.Uint64())
		case pvCount:
			pv.Count = Extents(r.Uint32())
		case pvBootStart:
			pv.BootStart = units.Sectors(r.Uint64())
		case pvBootLength:
			pv.BootLength = units.Sectors(r.Uint64())
		}
	}
	e.need(pvID, pvStatus, pvStart, pvCount)
	d.pvNames = append(d.pvNames, e.name)
	d.pvAt = append(d.pvAt, e.offset)
	d.vg.PVs = append(d.vg.PVs, pv)
}

func (pv *PV) print(p *printer) {
	outer := p.object(pv.Unknown)
	p.id("id", pv.ID)
	p.key("device")
	p.b = text.AppendString(p.b, pv.Device)
	if p.form == Backup { // not in the column of comments
		p.b = append(p.b, "\t# Hint only"...)
	}
	p.end("device")
	p.blank()
	p.textIf("device_id_type", pv.DeviceIDType)
	p.textIf("device_id", pv.DeviceID)
	p.words("status", pv.Status)
	p.words("flags", pv.Flags)
	p.wordsIf("tags", pv.Tags)
	p.size("dev_size", uint64(pv.Size), pv.Size)
	p.number("pe_start", uint64(pv.Start))
	p.size("pe_count", uint64(pv.Count), units.Sectors(pv.Count)*p.vg.ExtentSize)
	if pv.BootLength != 0 {
		p.number("ba_start", uint64(pv.BootStart))
		p.size("ba_size", uint64(pv.BootLength), pv.BootLength)
	}
	p.leave(outer)
}
