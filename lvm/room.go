package lvm

import (
	"github.com/rok-storage/rok/units"
)

// MaxText is the size of the longest text that all metadata areas of the VG in use
// take, with the zero byte at its end. It is 0 where there is none.
func (g *DiskVG) MaxText() units.Bytes {
	var most units.Bytes
	for _, pv := range g.PVs {
		if pv == nil {
			continue
		}
		for _, a := range pv.Areas {
			if n := a.MaxText(); !a.Misplaced && !a.Ignored() && (most == 0 || n < most) {
				most = n
			}
		}
	}
	return most
}

// TextLeft is by how many bytes the text may still grow when next is committed. It
// is negative where next is too long. lvm2 reports the same, in whole sectors, as
// vg_mda_free.
func (g *DiskVG) TextLeft(next *VG) int64 {
	size, known := g.textSize(next)
	if !known {
		size = units.Bytes(len(next.AppendText(nil)))
	}
	return int64(g.MaxText()) - int64(size)
}

// textSize is the size of the VG's text that the areas have, if vg is what it says.
func (g *DiskVG) textSize(vg *VG) (_ units.Bytes, known bool) {
	if vg != g.VG || g.newest == nil || g.newest.vg != vg {
		return 0, false
	}
	for _, pv := range g.PVs {
		if pv == nil {
			continue
		}
		for _, a := range pv.Areas {
			if a.text == g.newest {
				return a.Committed.Size, true
			}
		}
	}
	return 0, false
}
