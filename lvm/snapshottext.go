package lvm

import "github.com/rok-storage/rok/units"

// The keys of a snapshot segment: _snap_text_export, lib/snapshot/snapshot.c.
const (
	snapChunk = segOwn + iota
	snapOrigin
	snapCOW
	snapMerging
)

var snapshotKeys = []string{
	segStart: "start_extent", segLength: "extent_count", segReshape: "reshape_count", segType: "type", segTags: "tags",
	snapChunk: "chunk_size", snapOrigin: "origin", snapCOW: "cow_store", snapMerging: "merging_store",
}

func (t *Snapshot) read(d *decoder, e *entries) {
	r := d.r
	switch e.index {
	case snapChunk:
		t.ChunkSize = units.Sectors(r.Uint32())
	case snapOrigin:
		t.Origin = r.Text()
	case snapCOW:
		t.COW = r.Text()
	case snapMerging:
		t.COW, t.Merging = r.Text(), true
	}
}

func (t *Snapshot) print(p *printer) {
	p.number("chunk_size", uint64(t.ChunkSize))
	p.text("origin", t.Origin)
	if t.Merging {
		p.behind("cow_store")
		p.text("merging_store", t.COW)
	} else {
		p.text("cow_store", t.COW)
		p.behind("merging_store")
	}
}
