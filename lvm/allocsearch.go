package lvm

import (
	"cmp"
	"slices"
)

// search is one look through the lists of an allocation.
type search struct {
	*allocation
	*attempt
	most Extents // at most so many extents this time
	logs int     // areas for metadata that are still needed

	ix        int // areas found, behind the positional ones
	preferred int // positional areas found
	again     bool
	forLog    bool
	log       int // the slot of the metadata's area
}

// verdict is what is to be done about an area, or behind it.
type verdict int

const (
	nextPV verdict = iota
	nextArea
	preferredArea
	useArea
)

// run fills the slots. It reports whether there are enough.
func (s *search) run() bool {
	s.growSlots(s.places - 1)
	needed := s.stripes + s.logs
	for {
		last := s.ix
		s.walk()
		switch {
		case s.policy == rankAnywhere && last != s.ix && s.ix < needed:
			continue
		case s.policy == rankNormal && s.preferred > 0 && (s.preferred < s.places || s.logs > 0) && s.clingFound && !s.again:
			s.again = true
			continue
		case s.policy == rankNormal && s.logs > 0 && s.preferred == s.places && !s.forLog &&
			s.ix+s.preferred >= s.stripes && s.ix+s.preferred < needed:
			s.forLog = true
			continue
		}
		break
	}
	if s.preferred < s.places && !s.clingFound && s.ix == 0 {
		return false
	}
	if s.ix+s.preferred < needed {
		return false
	}
	s.sort()
	if s.policy == rankContiguous && !s.positional && s.tags != nil {
		if s.partition(); s.ix < needed {
			return false
		}
	}
	s.fill()
	return s.placeLog()
}

// walk looks at each PV's areas.
func (s *search) walk() {
	for _, l := range s.lists {
		if l.empty() || s.policy != rankAnywhere && s.avoid(l) {
			continue
		}
		s.walkPV(l)
		if s.policy == rankAnywhere && s.ix+s.places >= s.stripes+s.logs ||
			s.preferred == s.places && s.places == s.stripes+s.logs {
			return
		}
	}
}

// avoid reports whether the PV has its part already.
func (s *search) avoid(l *areaList) bool {
	switch {
	case s.forLog:
		for _, other := range s.slots[s.stripes:min(len(s.slots), s.ix+s.places)] {
			if other.area != nil && other.area.list == l {
				return true
			}
		}
	case s.again:
		for _, other := range s.slots[:min(len(s.slots), s.stripes)] {
			if other.area != nil && other.area.list == l {
				return true
			}
		}
	}
	return false
}

func (s *search) walkPV(l *areaList) {
	already := false
	for area := l.head.next; area != &l.head; area = area.next {
		switch s.judge(area, already) {
		case nextPV:
			return
		case nextArea:
		case preferredArea:
			s.preferred++
			return
		case useArea:
			// A smaller area that is large enough takes the place of the
			// one in front of it.
			if !already || s.policy == rankAnywhere {
				s.ix++
				already = true
			}
			at := s.ix + s.places - 1
			s.put(at, area, area.reserve(s.required(at)))
		}
	}
}

// required is how many extents the area in slot at is to have.
func (s *search) required(at int) Extents {
	n := s.most / Extents(s.stripes)
	if s.policy == rankAnywhere {
		if at >= s.stripes {
			n = s.metadata
		}
		return n
	}
	return max(n, s.metadata)
}

func (s *search) judge(area *freeArea, already bool) verdict {
	if area.unreserved == 0 {
		return nextArea
	}
	if s.again && slices.ContainsFunc(s.slots, func(o slot) bool { return o.area == area }) {
		return nextArea
	}
	if !s.again && !s.forLog && (s.contiguous || s.cling || s.clingFound) {
		switch {
		case s.matches && s.isContiguous(area):
		case s.contiguous:
			return nextArea
		case s.matches && s.isCling(area, samePV):
		case s.clingFound && s.isClingToFound(area, samePV):
		case !s.byTags:
			return nextPV
		case s.matches && s.isCling(area, s.tags):
		case !s.matches && s.isClingToFound(area, s.tags):
		default:
			return nextPV
		}
		if s.positional {
			return preferredArea
		}
		// Large enough or not: the last such area is the one.
		return useArea
	}
	if area.unreserved*Extents(s.stripes) < s.most && (!s.split && s.metadata == 0 || already && s.policy != rankAnywhere) {
		return nextPV
	}
	return useArea
}

func samePV(a, b int) bool { return a == b }

// isContiguous: area begins where an area of the last segment ends.
func (s *search) isContiguous(area *freeArea) bool {
	for i, last := range s.before.last {
		if last.pv == area.list.pv && last.end() == area.start && s.prefer(area, i) {
			return true
		}
	}
	return false
}

// isCling: area is on a PV that the LV begins on.
func (s *search) isCling(area *freeArea, same func(a, b int) bool) bool {
	for i, pv := range s.before.first {
		if same(pv, area.list.pv) && s.prefer(area, i) {
			return true
		}
	}
	return false
}

// isClingToFound: area is on a PV of what was found for the same stripe.
func (s *search) isClingToFound(area *freeArea, same func(a, b int) bool) bool {
	if s.logs > 0 {
		return false
	}
	for i := range s.stripes {
		for j := i; j < len(s.areas); j += s.stripes {
			if same(s.areas[j].pv, area.list.pv) && s.prefer(area, i) {
				return true
			}
		}
	}
	return false
}

// prefer puts area into the slot i, whole, unless that has one.
func (s *search) prefer(area *freeArea, i int) bool {
	if !s.positional {
		return true
	}
	if i < len(s.slots) && s.slots[i].area != nil || i >= s.places {
		return false
	}
	s.put(i, area, area.length)
	return true
}

func (s *search) put(at int, area *freeArea, used Extents) {
	s.growSlots(at)
	s.slots[at] = slot{area, used}
}

func (s *search) growSlots(at int) {
	for len(s.slots) <= at {
		s.slots = append(s.slots, slot{})
	}
}

// sort puts the largest areas first. Of equal ones the order stays.
func (s *search) sort() {
	from := s.places
	n := s.ix
	if s.forLog {
		from, n = s.stripes, s.ix-s.stripes
	}
	if n > 1 {
		slices.SortStableFunc(s.slots[from:from+n], func(a, b slot) int { return cmp.Compare(b.used, a.used) })
	}
}

// partition leaves, of the areas on PVs that share a tag, the first.
func (s *search) partition() {
	kept := s.slots[:0]
	for _, o := range s.slots[:s.ix] {
		if !slices.ContainsFunc(kept, func(k slot) bool { return s.tags(k.area.list.pv, o.area.list.pv) }) {
			kept = append(kept, o)
		}
	}
	s.slots, s.ix = kept, len(kept)
}

// fill moves areas into positional slots that found none.
func (s *search) fill() {
	if s.preferred == 0 || s.preferred == s.places {
		return
	}
	from := s.places
	for i := range s.slots[:s.stripes] {
		if s.slots[i].area == nil {
			s.slots[i], s.slots[from] = s.slots[from], slot{}
			from++
		}
	}
	s.places = from
}

// placeLog gives the metadata the smallest area that is large enough. That may
// be a stripe's area too: then the metadata comes behind it.
func (s *search) placeLog() bool {
	if s.logs == 0 {
		return s.ix+s.places >= s.stripes
	}
	small, end := 0, s.places+s.ix
	for small < end && s.slots[end-1-small].used < s.metadata {
		small++
	}
	s.log = end - small - s.logs
	return s.log >= 0 && end >= s.stripes+s.logs
}
