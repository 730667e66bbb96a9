package metadata

// ChangeKind says on which side of a [Delta] virtual blocks are mapped.
type ChangeKind uint8

// The kinds.
const (
	Same      ChangeKind = iota // by both, to the same data block
	LeftOnly                    // by the left one
	RightOnly                   // by the right one
	Different                   // by both, to different data blocks
)

var changeKindNames = [...]string{Same: "same", LeftOnly: "left_only", RightOnly: "right_only", Different: "different"}

// String is the kind as thin_delta calls it: "left_only".
func (k ChangeKind) String() string { return changeKindNames[k] }

// Change is a run of virtual blocks, in which each side that maps them maps them to
// a run of data blocks. Blocks count in units of the pool's data block size.
type Change struct {
	Kind            ChangeKind
	Virtual, Length uint64
	// Left and Right are the first data block on either side; 0 on one that does
	// not map.
	Left, Right uint64
}

// join appends next to c, if it is of the same kind and goes on on every side, and
// reports whether it did.
func (c *Change) join(next Change) bool {
	goesOn := func(first, next uint64) bool { return next == first+c.Length }
	switch {
	case c.Kind != next.Kind, !goesOn(c.Virtual, next.Virtual):
		return false
	case c.Kind != RightOnly && !goesOn(c.Left, next.Left), c.Kind != LeftOnly && !goesOn(c.Right, next.Right):
		return false
	}
	c.Length += next.Length
	return true
}
