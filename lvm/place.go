package lvm

import (
	"slices"
	"strconv"
	"strings"
)

// Place says where an LV's extents may be. The zero value is all of the VG's
// PVs that are allocatable.
type Place struct {
	// PVs are those to use, in this order. Those with a Tag stand for several.
	PVs []PVChoice
	// ClingTags is allocation/cling_tag_list of lvm2's configuration: PVs that
	// share one of these tags ("@*" stands for any) count as one for cling.
	ClingTags []string
}

// PVChoice is a PV, or the PVs that have a tag.
type PVChoice struct {
	PV     ID
	Tag    string        // counts where PV is zero
	Ranges []ExtentRange // of the PV; empty: all of it
}

// ExtentRange is a range of a PV's extents, both ends in it.
type ExtentRange struct{ First, Last Extents }

// AllExtents is the Last of a range that goes to the end.
const AllExtents = ^Extents(0)

// ParseExtentRanges reads what may stand behind a PV's name on lvm2's command
// lines: ranges with colons between them, "0-99", "100-" (to the end), "-9"
// (from the start), "20+5" (a length) or "7". Errors match [ErrInvalid].
func ParseExtentRanges(text string) ([]ExtentRange, error) {
	var ranges []ExtentRange
	for part := range strings.SplitSeq(text, ":") {
		r, ok := parseExtentRange(part)
		if !ok {
			return nil, refuse(ErrInvalid, "extents %q", part).as("read extents", text)
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

func parseExtentRange(text string) (r ExtentRange, ok bool) {
	number := func(s string, empty Extents) (Extents, bool) {
		if s == "" {
			return empty, true
		}
		n, err := strconv.ParseUint(s, 10, 32)
		return Extents(n), err == nil
	}
	if first, length, found := strings.Cut(text, "+"); found {
		start, ok := number(first, 0)
		n, err := strconv.ParseUint(length, 10, 32)
		return ExtentRange{start, start + Extents(n) - 1}, ok && err == nil && n > 0
	}
	first, last, found := strings.Cut(text, "-")
	if r.First, ok = number(first, 0); !ok || text == "" {
		return r, false
	}
	if !found {
		return ExtentRange{r.First, r.First}, true
	}
	r.Last, ok = number(last, AllExtents)
	return r, ok && r.First <= r.Last
}

// candidate is a PV that extents may come from.
type candidate struct {
	pv     int
	limits []run // nil: all of it
}

// candidates are the PVs of a Place. Those that have nothing to give are left
// out; where none is left of PVs that were named, why says what was wrong with
// the last.
func (b *Batch) candidates(p *Place) (list []candidate, err error) {
	if len(p.PVs) == 0 {
		for i := range b.pvs {
			if b.pvs[i].Allocatable() && !b.pvs[i].Missing() {
				list = append(list, candidate{pv: i})
			}
		}
		return list, nil
	}
	for _, choice := range p.PVs {
		if !choice.PV.IsZero() {
			i := b.pvIndex(choice.PV)
			if i < 0 {
				return nil, &OpError{Err: ErrNotFound, Reason: "PV " + choice.PV.String()}
			}
			if list, err = b.choose(list, i, choice.Ranges); err != nil {
				return nil, err
			}
			continue
		}
		for i := range b.pvs {
			if slices.Contains(b.pvs[i].Tags, choice.Tag) {
				if list, err = b.choose(list, i, choice.Ranges); err != nil {
					return nil, err
				}
			}
		}
	}
	return list, nil
}

// choose adds a PV, or ranges to one that is there: _create_pv_entry of
// tools/toollib.c.
func (b *Batch) choose(list []candidate, pv int, ranges []ExtentRange) ([]candidate, error) {
	if !b.pvs[pv].Allocatable() || b.pvs[pv].Missing() || b.space[pv].total == 0 {
		return list, nil
	}
	i := slices.IndexFunc(list, func(c candidate) bool { return c.pv == pv })
	if i < 0 {
		i = len(list)
		list = append(list, candidate{pv: pv})
	}
	count := b.pvs[pv].Count
	if len(ranges) == 0 {
		ranges = []ExtentRange{{0, AllExtents}}
	}
	for _, r := range ranges {
		last := min(r.Last, count-1)
		if r.Last == AllExtents && r.First < count {
			r.Last = last
		}
		if r.First > r.Last || r.Last >= count {
			return nil, refuse(ErrInvalid, "extents %d-%d of a PV of %d", r.First, r.Last, count)
		}
		limit := run{r.First, r.Last - r.First + 1}
		for _, other := range list[i].limits {
			if limit.start < other.end() && other.start < limit.end() {
				return nil, refuse(ErrInvalid, "extents %d-%d of a PV are named twice", r.First, r.Last)
			}
		}
		list[i].limits = append(list[i].limits, limit)
	}
	return list, nil
}

// lists are the candidates' free areas for one allocation.
func (b *Batch) lists(list []candidate) []*areaList {
	lists := make([]*areaList, len(list))
	for i, c := range list {
		if c.whole(b.pvs[c.pv].Count) {
			lists[i] = sortedAreaList(c.pv, b.space[c.pv].bySize)
		} else {
			lists[i] = newAreaList(c.pv, b.space[c.pv].within(c.limits))
		}
	}
	return lists
}

func (c *candidate) whole(count Extents) bool {
	return len(c.limits) == 0 || len(c.limits) == 1 && c.limits[0] == run{0, count}
}

// free is how many extents the candidates have.
func (b *Batch) freeOf(list []candidate) (n Extents) {
	for _, c := range list {
		if c.whole(b.pvs[c.pv].Count) {
			n += b.space[c.pv].total
			continue
		}
		for _, r := range b.space[c.pv].within(c.limits) {
			n += r.length
		}
	}
	return n
}

// shared returns whether two PVs share a tag of the list, or nil where there
// is no list: _pvs_have_matching_tag of lib/metadata/lv_manip.c.
func (b *Batch) shared(tags []string) func(x, y int) bool {
	if len(tags) == 0 {
		return nil
	}
	return func(x, y int) bool {
		for _, tag := range tags {
			tag = strings.TrimPrefix(tag, "@")
			if tag == "*" {
				if slices.ContainsFunc(b.pvs[x].Tags, func(t string) bool { return slices.Contains(b.pvs[y].Tags, t) }) {
					return true
				}
			} else if slices.Contains(b.pvs[x].Tags, tag) && slices.Contains(b.pvs[y].Tags, tag) {
				return true
			}
		}
		return false
	}
}
