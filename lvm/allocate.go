package lvm

// This file chooses extents as lvm2 2.03 does (lib/metadata/lv_manip.c), so
// that an LV lies where lvm2 would have put it. What lvm2 does was found by its
// traces (-vvvv) and is held by the tests against it.

// policyRank orders the policies: an allocation tries one after the other,
// until what is asked for is there or its own was tried.
type policyRank int

const (
	rankContiguous policyRank = iota
	rankCling
	rankClingByTag
	rankNormal
	rankAnywhere
)

// allocation is a request for extents, and what was found so far.
type allocation struct {
	want     Extents // to find, over all areas of a stripe
	stripes  int     // areas beside one another
	metadata Extents // a thin pool's, in one area of its own; 0: none
	rank     policyRank
	// approximate takes what there is where it is less than wanted.
	approximate bool
	split       bool // more than one segment may come out
	before      *layout
	lists       []*areaList // of the PVs that may be used, in order
	// tags reports whether two PVs share a tag of the list to cling by; nil
	// where there is no such list.
	tags func(a, b int) bool

	found   Extents
	areas   []placed // the segments' areas, stripes of them for each one
	log     placed   // the metadata's area
	needLog bool

	slots []slot
}

// placed is an area on a PV.
type placed struct {
	pv int
	run
}

// slot is an area that an attempt may use, and how much of it.
type slot struct {
	area *freeArea
	used Extents
}

// layout is where the LV is that grows.
type layout struct {
	last  []placed // the areas of its last segment
	first []int    // the PVs of its first, which lvm2 clings to
}

// attempt is how one policy looks for areas.
type attempt struct {
	policy policyRank
	// At most one of contiguous (behind the last segment) and cling (on the PVs
	// of the LV) is set; they want as many areas as the last segment has.
	matches, contiguous, cling bool
	// clingFound wants the PVs of what was found in this allocation.
	clingFound bool
	// positional keeps each area's place among the stripes.
	positional bool
	byTags     bool
	places     int // positional areas
}

// run finds the extents. It reports whether they are complete, or, where that
// is enough, whether there are any.
func (a *allocation) run() bool {
	a.needLog = a.metadata > 0
	if a.rank == rankContiguous {
		a.split = false
	}
	for rank := rankContiguous; rank <= a.rank; rank++ {
		if rank == rankClingByTag && a.tags == nil {
			continue
		}
		if !a.approximate && !a.enough() {
			return false
		}
		before := a.found
		a.try(a.attempt(rank))
		if a.found == a.want && !a.needLog || !a.split && a.found != before {
			break
		}
	}
	return a.found > 0 && !a.needLog && (a.found == a.want || a.approximate)
}

// free is how many extents there are to be had.
func (a *allocation) free() (n Extents) {
	for _, l := range a.lists {
		n += l.total
	}
	return n
}

func (a *allocation) enough() bool {
	n := a.want - a.found
	if a.needLog {
		n += a.metadata
	}
	return n <= a.free()
}

func (a *allocation) attempt(rank policyRank) *attempt {
	t := &attempt{policy: rank}
	t.matches = a.before != nil && len(a.before.last) == a.stripes
	switch {
	case rank == rankContiguous && t.matches:
		t.contiguous, t.positional = true, true
	case rank == rankCling || rank == rankClingByTag:
		t.cling, t.clingFound, t.positional = t.matches, !t.matches, true
		t.byTags = rank == rankClingByTag
	case rank == rankNormal:
		t.clingFound = a.found != a.want
	}
	return t
}

// try lets one policy find as much as it can.
func (a *allocation) try(t *attempt) {
	for {
		before := a.found
		a.round(t)
		switch {
		case a.found != before:
			// What follows is to be on the same PVs, where it can.
			t.clingFound = t.clingFound || t.policy == rankNormal
		case (t.policy == rankCling || t.policy == rankClingByTag) && t.cling && t.positional:
			t.positional = false
		case t.policy == rankNormal && t.clingFound:
			t.clingFound = false
		default:
			return
		}
		if t.policy == rankContiguous || a.found == a.want || !a.split || a.approximate && a.free() == 0 {
			return
		}
	}
}

// round finds at most one area for each stripe and takes them.
func (a *allocation) round(t *attempt) {
	clear(a.slots)
	a.slots = a.slots[:0]
	for _, l := range a.lists {
		l.release()
	}
	t.places = 0
	switch {
	case !t.positional:
	case t.contiguous || t.cling:
		t.places = len(a.before.last)
	case t.clingFound:
		t.places = a.stripes
	}
	most := a.want - a.found
	logs := 0
	if a.needLog {
		logs = 1
	}
	s := search{allocation: a, attempt: t, most: most, logs: logs}
	if !s.run() {
		return
	}
	a.take(most, s.log)
}

// take takes the areas of the first slots, all as long as the shortest, and
// the metadata's area in slot log.
func (a *allocation) take(most Extents, log int) {
	length := most / Extents(a.stripes)
	for _, s := range a.slots[:a.stripes] {
		length = min(length, s.used)
	}
	if a.needLog {
		// Where the data leaves too little, lvm2 fails an assertion.
		rest := a.slots[log].area.length
		for _, s := range a.slots[:a.stripes] {
			if s.area == a.slots[log].area {
				rest -= min(rest, length)
			}
		}
		if rest < a.metadata {
			return
		}
	}
	for _, s := range a.slots[:a.stripes] {
		if length > 0 {
			a.areas = append(a.areas, placed{s.area.list.pv, run{s.area.start, length}})
			s.area.consume(length)
		}
	}
	if a.needLog {
		area := a.slots[log].area
		a.log = placed{area.list.pv, run{area.start, a.metadata}}
		area.consume(a.metadata)
		a.needLog = false
	}
	a.found += length * Extents(a.stripes)
}
