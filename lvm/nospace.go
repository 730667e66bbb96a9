package lvm

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/rok-storage/rok/units"
)

// NoSpaceError says that something does not fit, how much would, and what is in
// the way. It unwraps to ENOSPC.
type NoSpaceError struct {
	Wanted Extents // of a new LV's size, or what was to be added to one
	More   bool    // the latter
	// Fits is what the same request gets, where it asks for it in extents; with
	// one extent more it is refused again. Of a thin pool it is the data.
	Fits     Extents
	Metadata Extents // of a thin pool of the size wanted, beside it
	Spare    Extents // that the VG's spare for metadata lacks then

	Free   Extents // in the VG
	Usable Extents // of them, on PVs that may be used
	// Longest is the longest run of extents that may be used.
	Longest Extents

	Policy  Allocation
	Stripes int
	// StripePVs is how many PVs have usable extents.
	StripePVs      int
	NotAllocatable Extents // free, on PVs that are not allocatable or missing
	NotNamed       Extents // free, on PVs or in ranges that were not asked for

	ExtentSize units.Sectors

	behind bool // contiguous is behind the LV's last segment
}

// Error prints, for example, `no space: wanted 4GiB (1024 extents), free 3GiB,
// 2GiB (512 extents) fits: contiguous was asked for, and the longest run is 2GiB`.
func (e *NoSpaceError) Error() string {
	s := "no space: wanted " + e.count(e.Wanted)
	if e.More {
		s += " more"
	}
	if e.Metadata > 0 {
		s += " and " + e.size(e.Metadata) + " of metadata"
	}
	if e.Spare > 0 {
		s += " and " + e.size(e.Spare) + " of spare for metadata"
	}
	s += ", free " + e.size(e.Free) + ", "
	if e.Fits > 0 {
		s += e.count(e.Fits) + " fits"
	} else {
		s += "nothing fits"
	}
	if why := e.why(); len(why) > 0 {
		s += ": " + strings.Join(why, ", ")
	}
	return s
}

func (e *NoSpaceError) size(n Extents) string {
	b, err := (units.Sectors(n) * e.ExtentSize).Bytes()
	if err != nil {
		return fmt.Sprintf("%d extents", n)
	}
	return b.Human()
}

// count has the extents too, since a size is rounded.
func (e *NoSpaceError) count(n Extents) string {
	if n == 1 {
		return e.size(n) + " (1 extent)"
	}
	return fmt.Sprintf("%s (%d extents)", e.size(n), n)
}

// why is what is in the way.
func (e *NoSpaceError) why() (why []string) {
	if e.NotAllocatable > 0 {
		why = append(why, e.size(e.NotAllocatable)+" is on PVs that are not allocatable")
	}
	if e.NotNamed > 0 {
		why = append(why, e.size(e.NotNamed)+" is not on the PVs that were named")
	}
	beside := min(e.Usable, e.Metadata+e.Spare)
	switch {
	case e.Stripes > 1 && e.Stripes > e.StripePVs && e.Policy != AllocAnywhere:
		return append(why, fmt.Sprintf("%d stripes want as many PVs, and %d have space", e.Stripes, e.StripePVs))
	case e.Fits >= min(e.Wanted, e.Usable-beside):
		return why // there is no more
	case e.Policy == AllocContiguous && e.behind:
		why = append(why, "contiguous was asked for, and behind the volume is no more")
	case e.Policy == AllocContiguous && e.Stripes == 1:
		why = append(why, "contiguous was asked for, and the longest run is "+e.size(e.Longest))
	case e.Policy == AllocContiguous:
		why = append(why, fmt.Sprintf("contiguous was asked for, and %d stripes want as many runs of one length, on as many PVs", e.Stripes))
	case e.Policy == AllocCling || e.Policy == AllocClingByTag:
		why = append(why, "cling keeps to the PVs that the volume is on")
	case e.Stripes > 1:
		why = append(why, fmt.Sprintf("%d stripes want as much space on each of as many PVs", e.Stripes))
	}
	if e.Metadata > 0 {
		why = append(why, "metadata is in one run")
	}
	return why
}

// Unwrap returns ENOSPC.
func (e *NoSpaceError) Unwrap() error { return syscall.ENOSPC }
