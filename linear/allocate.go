package linear

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/rok-storage/rok/units"
)

// Policy says which free runs a volume gets. The zero value takes the longest
// runs first, so that volumes have few segments.
type Policy struct {
	// Contiguous wants one run, the shortest that is long enough.
	Contiguous bool
	// Align makes every run begin at a multiple of it; runs may end anywhere.
	// Zero: 1.
	Align units.Sectors
}

// NoSpaceError says that a volume does not fit, and what would. It unwraps
// to ENOSPC.
type NoSpaceError struct {
	Wanted  units.Sectors
	Free    units.Sectors // usable under the policy's alignment
	Largest units.Sectors // in one run
	Policy  Policy
}

// Error prints, for example, `no space: wanted 4GiB, free 3GiB, of which 2GiB in one run`.
func (e *NoSpaceError) Error() string {
	s := fmt.Sprintf("no space: wanted %s, free %s, of which %s in one run", size(e.Wanted), size(e.Free), size(e.Largest))
	if e.Policy.Contiguous && e.Free >= e.Wanted {
		s += " (contiguous was asked for)"
	}
	return s
}

// Unwrap returns ENOSPC.
func (e *NoSpaceError) Unwrap() error { return syscall.ENOSPC }

func size(s units.Sectors) string {
	b, err := s.Bytes()
	if err != nil {
		return s.String()
	}
	return b.Human()
}

// Allocate takes want sectors out of s by policy p, and returns the runs, in
// the volume's order, and what is left. It fails with a [*NoSpaceError]; s is
// as it was then.
func (s Set) Allocate(want units.Sectors, p Policy) (runs []Run, rest Set, err error) {
	if want == 0 {
		return nil, s, errors.New("allocate: want no sectors")
	}
	usable := s.aligned(p.Align)
	if p.Contiguous {
		runs = contiguous(usable, want)
	} else {
		runs = longestFirst(usable, want)
	}
	if runs == nil {
		return nil, s, &NoSpaceError{Wanted: want, Free: usable.Size(), Largest: usable.Largest().Length, Policy: p}
	}
	rest = s
	for _, r := range runs {
		if rest, err = rest.Remove(r); err != nil {
			return nil, s, err
		}
	}
	return runs, rest, nil
}

// aligned returns the parts of s that begin at multiples of align. Their ends
// are left as they are: a volume may end anywhere.
func (s Set) aligned(align units.Sectors) Set {
	if align <= 1 {
		return s
	}
	var parts Set
	for _, r := range s {
		start, err := r.Start.RoundUp(align)
		if err == nil && start < r.End() {
			parts = append(parts, Run{Start: start, Length: r.End() - start})
		}
	}
	return parts
}

// contiguous returns the shortest run that holds want sectors, cut to size.
func contiguous(free Set, want units.Sectors) []Run {
	var best Run
	for _, r := range free {
		if r.Length >= want && (best.Length == 0 || r.Length < best.Length) {
			best = r
		}
	}
	if best.Length == 0 {
		return nil
	}
	return []Run{{Start: best.Start, Length: want}}
}

// longestFirst returns the longest runs until want sectors are together, in
// the order of the device.
func longestFirst(free Set, want units.Sectors) []Run {
	byLength := slices.SortedStableFunc(slices.Values(free), func(a, b Run) int { return cmp.Compare(b.Length, a.Length) })
	var runs []Run
	for _, r := range byLength {
		r.Length = min(r.Length, want)
		runs = append(runs, r)
		if want -= r.Length; want == 0 {
			slices.SortFunc(runs, func(a, b Run) int { return cmp.Compare(a.Start, b.Start) })
			return runs
		}
	}
	return nil
}
