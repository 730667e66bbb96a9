package linear

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/units"
)

// Run is some sectors of one device, one behind the other. The zero value is
// empty.
type Run struct {
	Start, Length units.Sectors
}

// End is the sector behind the run.
func (r Run) End() units.Sectors { return r.Start + r.Length }

// String prints "[2048, 4096)".
func (r Run) String() string { return fmt.Sprintf("[%d, %d)", uint64(r.Start), uint64(r.End())) }

// Set is a set of sectors of one device, such as the free ones: runs in
// ascending order that neither overlap nor touch nor are empty. The zero value
// is the empty set. Sets are values: operations return new ones.
type Set []Run

var (
	// ErrOverlap says that sectors were added that the set has already.
	ErrOverlap = errors.New("sectors are there already")
	// ErrMissing says that sectors were taken out that the set does not have.
	ErrMissing = errors.New("sectors are not there")
)

// Size is the number of sectors in s.
func (s Set) Size() units.Sectors {
	var n units.Sectors
	for _, r := range s {
		n += r.Length
	}
	return n
}

// Largest is the longest run of s, the first of them if several are, or the
// empty run.
func (s Set) Largest() Run {
	var largest Run
	for _, r := range s {
		if r.Length > largest.Length {
			largest = r
		}
	}
	return largest
}

// Contains reports whether s has all sectors of r.
func (s Set) Contains(r Run) bool {
	if r.Length == 0 {
		return true
	}
	i := s.runAt(r.Start)
	return i < len(s) && s[i].Start <= r.Start && r.Length <= s[i].End()-r.Start
}

// runAt is the index of the first run that ends behind sector at.
func (s Set) runAt(at units.Sectors) int {
	i, _ := slices.BinarySearchFunc(s, at, func(r Run, at units.Sectors) int {
		if r.End() <= at {
			return -1
		}
		return 1
	})
	return i
}

// Add returns s with the sectors of r. It fails with [ErrOverlap] where s has
// any of them, and with [units.ErrOverflow] where r ends beyond 2^64 sectors.
func (s Set) Add(r Run) (Set, error) {
	if r.Length == 0 {
		return s, nil
	}
	if _, err := r.Start.Add(r.Length); err != nil {
		return nil, fmt.Errorf("add run at sector %d: %w", uint64(r.Start), err)
	}
	i := s.runAt(r.Start)
	if i < len(s) && s[i].Start < r.End() {
		return nil, fmt.Errorf("add %v to free run %v: %w", r, s[i], ErrOverlap)
	}
	from, to := i, i
	if i > 0 && s[i-1].End() == r.Start {
		from, r = i-1, Run{Start: s[i-1].Start, Length: s[i-1].Length + r.Length}
	}
	if i < len(s) && r.End() == s[i].Start {
		to, r.Length = i+1, r.Length+s[i].Length
	}
	return slices.Concat(s[:from], Set{r}, s[to:]), nil
}

// Remove returns s without the sectors of r. It fails with [ErrMissing] where s
// does not have all of them.
func (s Set) Remove(r Run) (Set, error) {
	if r.Length == 0 {
		return s, nil
	}
	if !s.Contains(r) {
		return nil, fmt.Errorf("remove %v: %w", r, ErrMissing)
	}
	i := s.runAt(r.Start)
	left := Run{Start: s[i].Start, Length: r.Start - s[i].Start}
	right := Run{Start: r.End(), Length: s[i].End() - r.End()}
	var rest Set
	for _, part := range []Run{left, right} {
		if part.Length > 0 {
			rest = append(rest, part)
		}
	}
	return slices.Concat(s[:i], rest, s[i+1:]), nil
}

// Normalize returns the set of the given runs, in any order. It fails where two
// of them overlap.
func Normalize(runs []Run) (Set, error) {
	sorted := slices.SortedFunc(slices.Values(runs), func(a, b Run) int { return cmp.Compare(a.Start, b.Start) })
	var s Set
	for _, r := range sorted {
		if r.Length == 0 {
			continue
		}
		if _, err := r.Start.Add(r.Length); err != nil {
			return nil, fmt.Errorf("run at sector %d: %w", uint64(r.Start), err)
		}
		last := len(s) - 1
		switch {
		case last >= 0 && r.Start < s[last].End():
			return nil, fmt.Errorf("%v and %v: %w", s[last], r, ErrOverlap)
		case last >= 0 && r.Start == s[last].End():
			s[last].Length += r.Length
		default:
			s = append(s, r)
		}
	}
	return s, nil
}
