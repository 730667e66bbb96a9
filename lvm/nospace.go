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
	Wanted Extents // with a thin pool's metadata
	Free   Extents // in the VG
	Usable Extents // of them, on PVs that may be used
	Fits   Extents // under the policy; less than Wanted
	// Longest is the longest run of extents that may be used.
	Longest Extents

	Policy  Allocation
	Stripes int
	// StripePVs is how many PVs have usable extents.
	StripePVs      int
	NotAllocatable Extents // free, on PVs that are not allocatable or missing
	NotNamed       Extents // free, on PVs or in ranges that were not asked for

	ExtentSize units.Sectors
}

// Error prints, for example, `no space: wanted 4GiB, free 3GiB, 2GiB fits:
// contiguous was asked for, and the longest run is 2GiB`.
func (e *NoSpaceError) Error() string {
	size := func(n Extents) string {
		b, err := (units.Sectors(n) * e.ExtentSize).Bytes()
		if err != nil {
			return fmt.Sprintf("%d extents", n)
		}
		return b.Human()
	}
	s := fmt.Sprintf("no space: wanted %s (%d extents), free %s, %s fits", size(e.Wanted), e.Wanted, size(e.Free), size(e.Fits))
	var why []string
	if e.NotAllocatable > 0 {
		why = append(why, size(e.NotAllocatable)+" is on PVs that are not allocatable")
	}
	if e.NotNamed > 0 {
		why = append(why, size(e.NotNamed)+" is not on the PVs that were named")
	}
	if e.Usable >= e.Wanted {
		switch {
		case e.Stripes > e.StripePVs && e.Policy != AllocAnywhere:
			why = append(why, fmt.Sprintf("%d stripes want as many PVs, and %d have space", e.Stripes, e.StripePVs))
		case e.Policy == AllocContiguous:
			why = append(why, "contiguous was asked for, and the longest run is "+size(e.Longest))
		case e.Policy == AllocCling:
			why = append(why, "cling keeps to the PVs that the volume is on")
		case e.Stripes > 1:
			why = append(why, fmt.Sprintf("%d stripes want as much space on each of as many PVs", e.Stripes))
		}
	}
	if len(why) > 0 {
		s += ": " + strings.Join(why, ", ")
	}
	return s
}

// Unwrap returns ENOSPC.
func (e *NoSpaceError) Unwrap() error { return syscall.ENOSPC }

// noSpace says why d does not fit.
func (b *Batch) noSpace(d *demand, list []candidate, before *layout) *NoSpaceError {
	e := &NoSpaceError{
		Wanted: d.extents + d.metadata, Usable: b.freeOf(list), Policy: d.policy, Stripes: d.stripes, ExtentSize: b.vg.ExtentSize,
	}
	for i, space := range b.space {
		e.Free += space.total
		if !b.pvs[i].Allocatable() || b.pvs[i].Missing() {
			e.NotAllocatable += space.total
		}
	}
	e.NotNamed = e.Free - e.NotAllocatable - e.Usable
	for _, l := range b.lists(list) {
		if !l.empty() {
			e.StripePVs++
			e.Longest = max(e.Longest, l.head.next.length)
		}
	}
	e.Fits = b.mostThatFits(d, list, before)
	return e
}

// mostThatFits tries smaller demands.
func (b *Batch) mostThatFits(d *demand, list []candidate, before *layout) Extents {
	stripes := Extents(d.stripes)
	low, high := Extents(0), min(d.extents, b.freeOf(list)+stripes)/stripes // low fits, high does not
	for high-low > 1 {
		smaller := *d
		smaller.share = false
		smaller.extents = (low + high) / 2 * stripes
		if b.allocation(&smaller, list, before).run() {
			low = smaller.extents / stripes
		} else {
			high = smaller.extents / stripes
		}
	}
	if d.metadata > 0 && low > 0 {
		return low*stripes + d.metadata
	}
	return low * stripes
}

// vgFree is vg_free_count of lvm2: PVs that are not allocatable count.
func (b *Batch) vgFree() (n Extents) {
	for _, space := range b.space {
		n += space.total
	}
	return n
}

// vgExtents is vg_extent_count.
func (b *Batch) vgExtents() (n Extents) {
	for _, pv := range b.pvs {
		n += pv.Count
	}
	return n
}

// namedFree is pv_list_extents_free: what the PVs of p have, or all of the VG's
// extents where none is named.
func (b *Batch) namedFree(p *Place) (Extents, error) {
	if len(p.PVs) == 0 {
		return b.vgExtents(), nil
	}
	list, err := b.candidates(p)
	return b.freeOf(list), err
}

// whole returns what shares are of, for [Amount.extents]. lv and origin may be
// nil.
func (b *Batch) whole(p *Place, lv, origin *LV) func(of string) (Extents, error) {
	return func(of string) (Extents, error) {
		switch {
		case of == "VG":
			return b.vgExtents(), nil
		case of == "FREE":
			return b.vgFree(), nil
		case of == "PVS":
			return b.namedFree(p)
		case of == "LV" && lv != nil:
			return lv.Size(), nil
		case of == "ORIGIN" && origin != nil:
			return origin.Size(), nil
		}
		return 0, refuse(ErrInvalid, "a share of %s", of)
	}
}
