package metadata

import (
	"fmt"
	"math"
)

// Range is a run of block numbers or device ids, both ends included, so that it
// can hold the largest. The zero Range is empty.
type Range struct {
	First, Last uint64
	some        bool
}

// NewRange returns the Range from first to last; it is empty if last is less.
func NewRange(first, last uint64) Range {
	if last < first {
		return Range{}
	}
	return Range{First: first, Last: last, some: true}
}

// Empty reports whether r holds nothing.
func (r Range) Empty() bool { return !r.some }

// Contains reports whether n is in r.
func (r Range) Contains(n uint64) bool { return r.some && r.First <= n && n <= r.Last }

// Bounded reports whether r has an upper end, other than that of all numbers.
func (r Range) Bounded() bool { return r.some && r.Last != math.MaxUint64 }

// String prints r as "3", "3..7" or, where it has no upper end, "3..".
func (r Range) String() string {
	switch {
	case r.Empty():
		return "none"
	case r.Last == math.MaxUint64:
		return fmt.Sprintf("%d..", r.First)
	case r.First == r.Last:
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d..%d", r.First, r.Last)
}
