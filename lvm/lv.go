package lvm

import "slices"

// LV is a logical volume as its VG's text says.
type LV struct {
	Name   string
	ID     ID
	Status Flags
	Flags  Flags
	Tags   []string

	// Both are set, or none.
	CreationTime int64 // seconds since 1970
	CreationHost string

	LockArgs   string
	Allocation Allocation
	Profile    string
	ReadAhead  ReadAhead

	// The device number asked for; they count where Status has FlagFixedMinor.
	Major, Minor int32

	Segments []Segment // without gaps, from extent 0

	Unknown []Unknown
}

// ReadAhead is an LV's read-ahead.
type ReadAhead int64

// The read-aheads that are no number of sectors. The text has none for
// ReadAheadAuto.
const (
	ReadAheadAuto ReadAhead = 0
	ReadAheadNone ReadAhead = -1
)

// Size is the number of extents of lv.
func (lv *LV) Size() Extents {
	var n Extents
	for i := range lv.Segments {
		n += lv.Segments[i].Length
	}
	return n
}

// Visible reports whether lv is a volume of the user's, and not a part of one.
func (lv *LV) Visible() bool { return lv.Status.Has(FlagVisible) }

// Writable reports whether lv may be written to.
func (lv *LV) Writable() bool {
	return lv.Status.Has(FlagWrite) || lv.Flags.Has(FlagWriteLocked)
}

// Clone returns a copy that may be changed field by field, with segments of
// its own.
func (lv *LV) Clone() *LV {
	c := *lv
	c.Segments = slices.Clone(lv.Segments)
	return &c
}
