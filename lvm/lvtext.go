package lvm

import (
	"math"
	"slices"
	"strconv"
)

// The keys of an LV in lvm2's order: _print_lv, lib/format_text/export.c.
const (
	lvID = iota
	lvStatus
	lvFlags
	lvTags
	lvTime
	lvHost
	lvLockArgs
	lvAllocation
	lvProfile
	lvReadAhead
	lvMajor
	lvMinor
	lvSegmentCount
	lvSegment // segmentN
)

var lvKeys = []string{
	lvID: "id", lvStatus: "status", lvFlags: "flags", lvTags: "tags", lvTime: "creation_time",
	lvHost: "creation_host", lvLockArgs: "lock_args", lvAllocation: "allocation_policy",
	lvProfile: "profile", lvReadAhead: "read_ahead", lvMajor: "major", lvMinor: "minor",
	lvSegmentCount: "segment_count",
}

// readLV reads the section that the reader is at.
func (d *decoder) readLV() {
	r, lv := d.r, d.lvs.one()
	lv.Name = r.Key()
	e := d.open("LV", lvKeys, &lv.Unknown)
	e.extra = "segment"
	count := int64(-1)
	for e.next() {
		switch e.index {
		case lvID:
			lv.ID = d.id()
		case lvStatus:
			lv.Status = d.words()
		case lvFlags:
			lv.Flags = d.words()
		case lvTags:
			lv.Tags = d.words()
		case lvTime:
			lv.CreationTime = r.Int(0, math.MaxInt64)
		case lvHost:
			lv.CreationHost = r.Text()
		case lvLockArgs:
			lv.LockArgs = r.Text()
		case lvAllocation:
			lv.Allocation = Allocation(r.Text())
		case lvProfile:
			lv.Profile = r.Text()
		case lvReadAhead:
			lv.ReadAhead = ReadAhead(r.Int(-1, math.MaxUint32))
		case lvMajor:
			lv.Major = int32(r.Int(-1, math.MaxInt32))
		case lvMinor:
			lv.Minor = int32(r.Int(-1, math.MaxInt32))
		case lvSegmentCount:
			count = r.Int(1, math.MaxInt32)
		case lvSegment:
			if lv.Segments == nil {
				lv.Segments = d.segments.take(1)[:0]
			}
			lv.Segments = append(lv.Segments, Segment{})
			d.readSegment(lv, &lv.Segments[len(lv.Segments)-1])
		}
	}
	e.need(lvID, lvStatus, lvSegmentCount)
	if e.has(lvTime) != e.has(lvHost) {
		r.Fail(e.offset, e.fault(ErrStructure, "one of creation_time and creation_host is missing"))
	}
	if lv.Status.Has(FlagFixedMinor) {
		e.need(lvMinor)
	}
	if int64(len(lv.Segments)) != count {
		r.Fail(e.offset, e.fault(ErrStructure, "segment_count is %d, and %d segments are there", count, len(lv.Segments)))
	}
	if len(lv.Segments) > 1 {
		slices.SortStableFunc(lv.Segments, func(a, b Segment) int { return int(a.Start) - int(b.Start) })
	}
	d.lvAt = append(d.lvAt, e.offset)
	d.vg.LVs = append(d.vg.LVs, lv)
}

func (lv *LV) print(p *printer) {
	outer := p.object(lv.Unknown)
	p.id("id", lv.ID)
	p.words("status", lv.Status)
	p.words("flags", lv.Flags)
	p.wordsIf("tags", lv.Tags)
	if lv.CreationTime != 0 { // then lvm2 reads a host, too
		p.key("creation_time")
		p.b = strconv.AppendInt(p.b, lv.CreationTime, 10)
		if p.form == Backup {
			p.comment(p.timeComment(lv.CreationTime))
		}
		p.end("creation_time")
		p.text("creation_host", lv.CreationHost)
	} else {
		p.behind("creation_time")
		p.behind("creation_host")
	}
	p.textIf("lock_args", lv.LockArgs)
	p.textIf("allocation_policy", string(lv.Allocation))
	p.textIf("profile", lv.Profile)
	switch lv.ReadAhead {
	case ReadAheadAuto:
		p.behind("read_ahead")
	case ReadAheadNone:
		p.key("read_ahead")
		p.b = append(p.b, "-1"...)
		p.comment("None")
		p.end("read_ahead")
	default:
		p.number("read_ahead", uint64(lv.ReadAhead))
	}
	if lv.Status.Has(FlagFixedMinor) {
		p.signed("major", int64(lv.Major))
		p.signed("minor", int64(lv.Minor))
	} else {
		p.behind("major")
		p.behind("minor")
	}
	p.number("segment_count", uint64(len(lv.Segments)))
	for i := range lv.Segments {
		name := segmentName(i)
		if i == 0 {
			p.blank()
		}
		p.head(name)
		lv.Segments[i].print(p)
		p.close()
		p.behind(name)
	}
	p.leave(outer)
}

// segmentName is what the text calls the segment of that index.
func segmentName(i int) string {
	if i == 0 {
		return "segment1" // of nearly all LVs
	}
	return "segment" + strconv.Itoa(i+1)
}
