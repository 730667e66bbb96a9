package lvm

// areaList is what a PV has free during one allocation, in the order in which
// lvm2 looks at it (lib/metadata/pv_map.c): the largest area first, of equal
// ones that which was put there first. Which of several areas an LV gets hangs
// on this order and on when it changes, so it is kept as lvm2 keeps it.
type areaList struct {
	pv    int // index of the PV in its VG
	head  freeArea
	total Extents
}

// freeArea is a free area, of which an attempt may have reserved some.
type freeArea struct {
	list       *areaList
	next, prev *freeArea
	run
	unreserved Extents
}

// newAreaList returns the list of runs, in the order of insertion.
func newAreaList(pv int, runs []run) *areaList {
	l := &areaList{pv: pv}
	l.head.next, l.head.prev = &l.head, &l.head
	areas := make([]freeArea, len(runs))
	for i, r := range runs {
		areas[i] = freeArea{list: l, run: r, unreserved: r.length}
		l.insert(&areas[i])
	}
	return l
}

// sortedAreaList returns the list of runs that are already in the order of
// the list.
func sortedAreaList(pv int, runs []run) *areaList {
	l := &areaList{pv: pv}
	areas := make([]freeArea, len(runs))
	last := &l.head
	for i, r := range runs {
		a := &areas[i]
		*a = freeArea{list: l, run: r, unreserved: r.length, prev: last}
		last.next, last = a, a
		l.total += r.length
	}
	last.next, l.head.prev = &l.head, last
	return l
}

func (l *areaList) empty() bool { return l.head.next == &l.head }

// insert puts a, with what is unreserved of it, before the first that is
// shorter, reserved or not.
func (l *areaList) insert(a *freeArea) {
	at := l.head.next
	for at != &l.head && a.unreserved <= at.length {
		at = at.next
	}
	a.next, a.prev = at, at.prev
	at.prev.next, at.prev = a, a
	l.total += a.length
}

func (a *freeArea) remove() {
	a.prev.next, a.next.prev = a.next, a.prev
	a.list.total -= a.length
}

// reserve takes up to n extents of what is unreserved, and returns how many.
// An area of which something is left moves; one that is used up stays where it
// was, and the walk that found it goes on from there.
func (a *freeArea) reserve(n Extents) Extents {
	if n >= a.unreserved {
		n, a.unreserved = a.unreserved, 0
		return n
	}
	a.unreserved -= n
	a.remove()
	a.list.insert(a)
	return n
}

// release forgets what attempts reserved. As in lvm2 the walk goes on behind the
// place that an area was moved to, so that it may miss some.
func (l *areaList) release() {
	for a := l.head.next; a != &l.head; a = a.next {
		if a.unreserved != a.length {
			a.unreserved = a.length
			a.remove()
			l.insert(a)
		}
	}
}

// consume takes the first n extents of a out of the list.
func (a *freeArea) consume(n Extents) {
	a.remove()
	if n < a.length {
		a.start += n
		a.length -= n
		a.unreserved = a.length
		a.list.insert(a)
	}
}
