package lvm

import (
	"math/bits"

	"github.com/rok-storage/rok/units"
)

// Amount is how much space is asked for: a number of extents, or a size, which
// is rounded to whole extents. The zero value is none.
type Amount struct {
	Extents Extents    // counts where it is not 0
	Size    units.Size // absolute, or a share of VG, PVS, FREE, ORIGIN or LV
}

func (a Amount) isZero() bool { return a == Amount{} }

// rounding says what becomes of a part of an extent.
type rounding bool

const (
	roundDown rounding = false
	roundUp   rounding = true
)

// extents returns the amount in extents of that size. A share is that of the
// extents that whole returns, rounded as parts says; an absolute size too.
func (a Amount) extents(extent units.Sectors, whole func(of string) (Extents, error), absolute, parts rounding) (Extents, error) {
	if a.Extents > 0 {
		return a.Extents, nil
	}
	if a.Size.Percent == 0 {
		sectors := a.Size.Bytes.SectorsRoundUp()
		n := Extents(sectors / extent)
		if absolute == roundUp && sectors%extent != 0 {
			n++
		}
		return n, nil
	}
	of, err := whole(a.Size.Of)
	if err != nil {
		return 0, err
	}
	hi, lo := bits.Mul64(uint64(of), uint64(a.Size.Percent))
	if hi >= 100 {
		return 0, refuse(ErrLimit, "%v is too much", a.Size)
	}
	n, rest := bits.Div64(hi, lo, 100)
	if parts == roundUp && rest != 0 {
		n++
	}
	return Extents(n), nil
}

// stripeFit rounds n to a multiple of stripes as lvm2 does: up, and down only
// for a share that would be more than what is free.
func stripeFit(n Extents, stripes int, share bool, free Extents) Extents {
	s := Extents(stripes)
	rest := n % s
	if rest == 0 {
		return n
	}
	if up := n - rest + s; !share || up <= free {
		return up
	}
	return n - rest
}
