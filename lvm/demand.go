package lvm

import (
	"cmp"
	"slices"

	"github.com/rok-storage/rok/units"
)

// demand is what an operation wants of the allocator.
type demand struct {
	extents    Extents // in all; a multiple of stripes
	share      bool    // less will do
	stripes    int
	stripeSize units.Sectors // 0 with one stripe
	metadata   Extents       // a thin pool's, beside the extents
	policy     Allocation    // not AllocInherit
	place      *Place
	lv         *LV     // that grows; nil for a new one
	spare      Extents // that come to the VG's spare along with these
	fewest     Extents // that make sense
	// fits reports whether the operation could be done with so many extents; nil:
	// if there are so many.
	fits func(n Extents) bool
}

// extentsFound are what a demand gets. Nothing is taken yet.
type extentsFound struct {
	segments []Segment // from extent 0, adjoining ones joined
	metadata []Segment
}

// policy returns what p comes to for an LV whose own policy is lv.
func (b *Batch) policy(p, lv Allocation) Allocation {
	return cmp.Or(p, lv, b.vg.Allocation, AllocNormal)
}

func checkPolicy(p Allocation) error {
	switch p {
	case AllocInherit, AllocContiguous, AllocCling, AllocClingByTag, AllocNormal, AllocAnywhere:
		return nil
	}
	return refuse(ErrInvalid, "allocation policy %q", string(p))
}

func (d *demand) rank() policyRank {
	switch d.policy {
	case AllocContiguous:
		return rankContiguous
	case AllocCling, AllocClingByTag:
		if len(d.place.ClingTags) > 0 {
			return rankClingByTag
		}
		return rankCling
	case AllocAnywhere:
		return rankAnywhere
	}
	return rankNormal
}

// locate finds the extents of d. It fails with a [*NoSpaceError].
func (b *Batch) locate(d *demand) (*extentsFound, error) {
	list, err := b.candidates(d.place)
	if err != nil {
		return nil, err
	}
	if d.extents > maxExtents {
		return nil, refuse(ErrLimit, "%d extents", d.extents)
	}
	if found := b.search(d, list); found != nil {
		return found, nil
	}
	return nil, b.noSpace(d, list)
}

// search is locate on those PVs. It returns nil where there is no room.
func (b *Batch) search(d *demand, list []candidate) *extentsFound {
	before := b.layout(d.lv)
	if found := b.locateSimply(d, list, before); found != nil {
		return found
	}
	if a := b.allocation(d, list, before); a.run() {
		return a.segments(b, d)
	}
	return nil
}

func (b *Batch) allocation(d *demand, list []candidate, before *layout) *allocation {
	return &allocation{
		want: d.extents, stripes: d.stripes, metadata: d.metadata, rank: d.rank(), approximate: d.share, split: true,
		before: before, lists: b.lists(list), tags: b.shared(d.place.ClingTags),
	}
}

// locateSimply finds what the first look of lvm2's allocator finds, where that
// is all of d: behind the last segment of an LV that grows, or in one area for
// each stripe of a new one. It costs a few searches, and not a look at each free
// area. It returns nil where there is more to do.
func (b *Batch) locateSimply(d *demand, list []candidate, before *layout) *extentsFound {
	need := d.extents / Extents(d.stripes)
	if d.metadata > 0 || need == 0 || slices.ContainsFunc(list, func(c candidate) bool { return !c.whole(b.pvs[c.pv].Count) }) {
		return nil
	}
	if before != nil && len(before.last) == d.stripes {
		return b.locateBehind(d, list, before, need)
	}
	if d.stripes > 1 && len(d.place.ClingTags) > 0 {
		return nil // PVs that share a tag count as one
	}
	areas := make([]placed, 0, len(list))
	for _, c := range list {
		if r := b.space[c.pv].choose(need); r.length >= need {
			areas = append(areas, placed{c.pv, run{r.start, need}})
		}
	}
	if len(areas) < d.stripes {
		return nil
	}
	a := allocation{stripes: d.stripes, areas: areas[:d.stripes]}
	return a.segments(b, d)
}

func (b *Batch) locateBehind(d *demand, list []candidate, before *layout, need Extents) *extentsFound {
	areas := make([]placed, 0, d.stripes)
	for i, last := range before.last {
		known := slices.ContainsFunc(list, func(c candidate) bool { return c.pv == last.pv })
		r, ok := b.space[last.pv].at(last.end())
		if !known || !ok || r.length < need || slices.ContainsFunc(before.last[:i], func(o placed) bool { return o.pv == last.pv }) {
			return nil
		}
		areas = append(areas, placed{last.pv, run{r.start, need}})
	}
	a := allocation{stripes: d.stripes, areas: areas}
	return a.segments(b, d)
}

// choose returns the area that lvm2 takes for need extents of a new LV: from
// the longest on, each that is shorter than what the one before leaves, as long
// as it is long enough.
func (f *freeSpace) choose(need Extents) run {
	r := f.largest()
	for r.length > need {
		next, _ := slices.BinarySearchFunc(f.bySize, run{length: r.length - need - 1}, compareSize)
		if next == len(f.bySize) || f.bySize[next].length < need {
			break
		}
		r = f.bySize[next]
	}
	if r.length == need { // of equal ones the last
		next, _ := slices.BinarySearchFunc(f.bySize, run{length: need - 1}, compareSize)
		return f.bySize[next-1]
	}
	return r
}

// layout is where lv is; nil where it is nowhere.
func (b *Batch) layout(lv *LV) *layout {
	if lv == nil || len(lv.Segments) == 0 {
		return nil
	}
	l := &layout{}
	areas := func(s *Segment) (areas []placed) {
		_ = b.eachRun(s, func(pv int, r run) { areas = append(areas, placed{pv, r}) }) // index has checked it
		return areas
	}
	for _, a := range areas(&lv.Segments[0]) {
		l.first = append(l.first, a.pv)
	}
	l.last = areas(&lv.Segments[len(lv.Segments)-1])
	return l
}

// segments are the areas as segments.
func (a *allocation) segments(b *Batch, d *demand) *extentsFound {
	found := &extentsFound{}
	for i := 0; i < len(a.areas); i += a.stripes {
		s := Segment{Length: a.areas[i].length * Extents(a.stripes)}
		t := &Striped{StripeSize: d.stripeSize, Areas: make([]Area, a.stripes)}
		for j, area := range a.areas[i : i+a.stripes] {
			t.Areas[j] = Area{PV: b.pvs[area.pv].ID, Start: area.start}
		}
		s.Type = t
		found.segments = appendSegment(found.segments, s)
	}
	if d.metadata > 0 {
		t := &Striped{Areas: []Area{{PV: b.pvs[a.log.pv].ID, Start: a.log.start}}}
		found.metadata = []Segment{{Length: a.log.length, Type: t}}
	}
	return found
}

// appendSegment adds s behind the others, joined with the last where it goes
// on from there: lv_merge_segments of lvm2.
func appendSegment(segments []Segment, s Segment) []Segment {
	if len(segments) == 0 {
		return append(segments, s)
	}
	last := &segments[len(segments)-1]
	s.Start = last.Start + last.Length
	if !joins(last, &s) {
		return append(segments, s)
	}
	last.Length += s.Length
	return segments
}

func joins(last, s *Segment) bool {
	a, ok := last.Type.(*Striped)
	t, too := s.Type.(*Striped)
	if !ok || !too || len(a.Areas) != len(t.Areas) || a.StripeSize != t.StripeSize || a.Linear != t.Linear {
		return false
	}
	if !slices.Equal(last.Tags, s.Tags) || !slices.Equal(last.Flags, s.Flags) || len(last.Unknown)+len(s.Unknown) > 0 {
		return false
	}
	each := last.Length / Extents(len(a.Areas))
	for i := range a.Areas {
		if a.Areas[i].LV != "" || a.Areas[i].PV != t.Areas[i].PV || a.Areas[i].Start+each != t.Areas[i].Start {
			return false
		}
	}
	return true
}

// takeSegments takes the extents of segments that were found.
func (b *Batch) takeSegments(segments []Segment) {
	for i := range segments {
		_ = b.eachRun(&segments[i], func(pv int, r run) { b.space[pv].take(r) }) // made of free ones
	}
}
