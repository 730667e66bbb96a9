package lvm

import (
	"cmp"
	"slices"
)

// run is a run of a PV's extents.
type run struct{ start, length Extents }

func (r run) end() Extents { return r.start + r.length }

// freeSpace is what of a PV no LV has. Runs are longest and never touch, and
// are kept in both orders: taking and giving costs a search and a move of
// memory, and the allocator finds the run that lvm2 would take by a search.
type freeSpace struct {
	byStart []run
	bySize  []run // the longest first, of equal ones the first on the PV
	total   Extents
}

// newFreeSpace returns what is left of count extents without the runs of used,
// which may overlap. It sorts used.
func newFreeSpace(count Extents, used []run) *freeSpace {
	slices.SortFunc(used, func(a, b run) int { return cmp.Compare(a.start, b.start) })
	f := &freeSpace{}
	var at Extents
	for _, u := range used {
		if u.start > at {
			f.byStart = append(f.byStart, run{at, min(u.start, count) - at})
		}
		if at = max(at, u.end()); at >= count {
			break
		}
	}
	if at < count {
		f.byStart = append(f.byStart, run{at, count - at})
	}
	for _, r := range f.byStart {
		f.total += r.length
	}
	f.bySize = slices.SortedFunc(slices.Values(f.byStart), compareSize)
	return f
}

func compareStart(a, b run) int { return cmp.Compare(a.start, b.start) }

func compareSize(a, b run) int {
	return cmp.Or(cmp.Compare(b.length, a.length), cmp.Compare(a.start, b.start))
}

// at returns the free run that begins at start.
func (f *freeSpace) at(start Extents) (run, bool) {
	i, ok := slices.BinarySearchFunc(f.byStart, run{start: start}, compareStart)
	if !ok {
		return run{}, false
	}
	return f.byStart[i], true
}

// take removes r, which must be free.
func (f *freeSpace) take(r run) {
	i, exact := slices.BinarySearchFunc(f.byStart, r, compareStart)
	if !exact {
		i--
	}
	whole := f.byStart[i]
	front := run{whole.start, r.start - whole.start}
	back := run{r.end(), whole.end() - r.end()}
	f.resize(whole, front, back)
	switch {
	case front.length > 0 && back.length > 0:
		f.byStart[i] = front
		f.byStart = slices.Insert(f.byStart, i+1, back)
	case front.length > 0:
		f.byStart[i] = front
	case back.length > 0:
		f.byStart[i] = back
	default:
		f.byStart = slices.Delete(f.byStart, i, i+1)
	}
	f.total -= r.length
}

// give adds r, of which nothing may be free.
func (f *freeSpace) give(r run) {
	f.total += r.length
	i, _ := slices.BinarySearchFunc(f.byStart, r, compareStart)
	if i < len(f.byStart) && r.end() == f.byStart[i].start {
		next := f.byStart[i]
		f.byStart = slices.Delete(f.byStart, i, i+1)
		f.resize(next)
		r.length += next.length
	}
	if i > 0 && f.byStart[i-1].end() == r.start {
		last := f.byStart[i-1]
		r = run{last.start, last.length + r.length}
		f.byStart[i-1] = r
		f.resize(last, r)
		return
	}
	f.byStart = slices.Insert(f.byStart, i, r)
	f.resize(run{}, r)
}

// resize puts the runs of to that are not empty in the place of old, which may
// be empty, in the order of sizes.
func (f *freeSpace) resize(old run, to ...run) {
	if old.length > 0 {
		if i, ok := slices.BinarySearchFunc(f.bySize, old, compareSize); ok {
			f.bySize = slices.Delete(f.bySize, i, i+1)
		}
	}
	for _, r := range to {
		if r.length > 0 {
			i, _ := slices.BinarySearchFunc(f.bySize, r, compareSize)
			f.bySize = slices.Insert(f.bySize, i, r)
		}
	}
}

// largest is the longest run; it is empty where nothing is free.
func (f *freeSpace) largest() run {
	if len(f.bySize) == 0 {
		return run{}
	}
	return f.bySize[0]
}

// within returns what of the runs of limits is free, in the order of limits;
// runs of limits that touch stay apart, as in lvm2.
func (f *freeSpace) within(limits []run) []run {
	var parts []run
	for _, l := range limits {
		i, _ := slices.BinarySearchFunc(f.byStart, l, compareStart)
		if i > 0 && f.byStart[i-1].end() > l.start {
			i--
		}
		for ; i < len(f.byStart) && f.byStart[i].start < l.end(); i++ {
			r := f.byStart[i]
			start, end := max(r.start, l.start), min(r.end(), l.end())
			parts = append(parts, run{start, end - start})
		}
	}
	return parts
}
