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
	return int64(g.MaxText()) - int64(len(next.AppendText(nil)))
}
