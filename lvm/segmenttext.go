package lvm

import (
	"slices"
	"strings"

	"github.com/rok-storage/rok/lvm/text"
	"github.com/rok-storage/rok/units"
)

// The keys of all segments in lvm2's order: out_segment,
// lib/format_text/export.c. Those of a type are behind them.
const (
	segStart = iota
	segLength
	segReshape
	segType
	segTags
	segOwn
)

var segKeys = []string{
	segStart: "start_extent", segLength: "extent_count", segReshape: "reshape_count", segType: "type", segTags: "tags",
}

// readSegment reads the section that the reader is at.
func (d *decoder) readSegment(lv *LV, s *Segment) {
	e := d.open("LV", segKeys, &s.Unknown)
	e.name = lv.Name
	e.leave = true // until the type is known
	for e.next() {
		switch {
		case e.index == segStart:
			s.Start = Extents(d.r.Uint32())
		case e.index == segLength:
			s.Length = Extents(d.r.Uint32())
		case e.index == segReshape:
			s.Reshape = Extents(d.r.Uint32())
		case e.index == segTags:
			s.Tags = d.words()
		case e.index == segType && s.Type != nil:
			d.r.Fail(d.r.Offset(), e.fault(ErrDuplicate, "two types of a segment"))
		case e.index == segType:
			d.readType(s, &e)
		case s.Type == nil:
			e.keep()
		default:
			d.readTypeKey(s, &e)
		}
	}
	e.need(segStart, segLength, segType)
	switch t := s.Type.(type) {
	case *Striped:
		e.need(stripedCount, stripedAreas)
		if d.r.Err() == nil && len(t.Areas) != d.stripes {
			d.r.Fail(e.offset, e.fault(ErrStructure, "stripe_count is %d, and %d stripes are there", d.stripes, len(t.Areas)))
		}
		if d.stripes > 1 {
			e.need(stripedSize)
		}
	case *ThinPool:
		e.need(poolMetadata, poolData, poolTransaction, poolChunk)
	case *Thin:
		e.need(thinPool, thinTransaction, thinDevice)
	case *Snapshot:
		e.need(snapChunk, snapOrigin)
		if e.has(snapCOW) == e.has(snapMerging) {
			d.r.Fail(e.offset, e.fault(ErrStructure, "a snapshot has one of cow_store and merging_store"))
		}
	case *Held:
		t.namePVs(d)
	}
}

// segmentFlags are the words that can be behind a type: lib/format_text/flags.c.
// lvm2 treats a type with others as one that it does not know.
var segmentFlags = []string{
	"RESHAPE", "RESHAPE_DELTA_DISKS_PLUS", "RESHAPE_DELTA_DISKS_MINUS", "RESHAPE_DATA_OFFSET", "REMOVE_AFTER_RESHAPE",
	"METADATA_FORMAT", FlagCropMetadata, "CACHE_USES_CACHEVOL",
}

// readType makes the segment what its type says.
func (d *decoder) readType(s *Segment, e *entries) {
	word := d.r.Text()
	name, flags, found := strings.Cut(word, "+")
	known := true
	if found {
		s.Flags = strings.Split(flags, "+")
		known = !slices.ContainsFunc(s.Flags, func(flag string) bool { return !slices.Contains(segmentFlags, flag) })
	}
	if !known {
		s.Type = &Held{Type: name} // what the flag changes is not known
		return
	}
	e.leave = false
	switch name {
	case "striped", "linear":
		t := d.striped.one()
		t.Linear = name == "linear"
		s.Type, e.keys = t, stripedKeys
	case "thin-pool":
		s.Type, e.keys, e.extra = &ThinPool{}, poolKeys, "message"
	case "thin":
		s.Type, e.keys = d.thins.one(), thinKeys
	case "snapshot":
		s.Type, e.keys = &Snapshot{}, snapshotKeys
	case "zero":
		s.Type = Zero{}
	case "error":
		s.Type = Error{}
	default:
		s.Type = &Held{Type: name, Known: heldKeys(name) != nil}
		e.leave = true
	}
	e.sections = len(e.keys)
}

// readTypeKey reads an entry of the type's own.
func (d *decoder) readTypeKey(s *Segment, e *entries) {
	switch t := s.Type.(type) {
	case *Striped:
		t.read(d, e)
	case *ThinPool:
		t.read(d, e)
	case *Thin:
		t.read(d, e)
	case *Snapshot:
		t.read(d, e)
	case *Held:
		t.read(d)
	}
}

func (s *Segment) print(p *printer) {
	outer := p.object(s.Unknown)
	p.number("start_extent", uint64(s.Start))
	p.size("extent_count", uint64(s.Length), units.Sectors(s.Length)*p.vg.ExtentSize)
	p.blank()
	if s.Reshape != 0 {
		p.size("reshape_count", uint64(s.Reshape), units.Sectors(s.Reshape)*p.vg.ExtentSize)
	} else {
		p.behind("reshape_count")
	}
	p.key("type")
	if len(s.Flags) == 0 {
		p.b = text.AppendString(p.b, typeWord(s.Type))
	} else {
		p.b = text.AppendString(p.b, typeWord(s.Type)+"+"+strings.Join(s.Flags, "+"))
	}
	p.end("type")
	p.wordsIf("tags", s.Tags)
	switch t := s.Type.(type) {
	case *Striped:
		t.print(p)
	case *ThinPool:
		t.print(p)
	case *Thin:
		t.print(p)
	case *Snapshot:
		t.print(p)
	case *Held:
		t.print(p)
	}
	p.leave(outer)
}

// typeWord is what the text has for the type.
func typeWord(t SegmentType) string {
	if s, ok := t.(*Striped); ok && s.Linear {
		return "linear"
	}
	return t.Name()
}
