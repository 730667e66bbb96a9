package lvm

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
)

// OldText is a VG's text that is still in the ring of a metadata area.
type OldText struct {
	PV   *DiskPV
	Area disk.Area
	disk.Found
	// Committed says that it is the text that counts in this area.
	Committed bool
}

// OldTexts finds the texts that are in the rings of the scan's PVs, of those of
// the VG with the given name or ID (empty: of all): committed ones, older ones,
// those of commits that were cut off, and those of VGs that are gone. The newest
// come first; of one that several areas have, the first is listed. A PV that
// cannot be read is passed over, and its error is among errs.
func (s *Scan) OldTexts(vg string) (texts []OldText, errs []error) {
	type key struct {
		textKey
		id string
	}
	seen := map[key]int{}
	for _, pv := range s.PVs {
		for _, a := range pv.Areas {
			if !a.Area.Within(pv.Device.Size) {
				continue
			}
			found, err := a.Search(pv.Device)
			if err != nil {
				errs = append(errs, deviceError(pv, "search", err))
				continue
			}
			for _, f := range found {
				if vg != "" && f.Name != vg && f.ID != vg {
					continue
				}
				k := key{textKey{f.Size, f.Checksum}, f.ID}
				t := OldText{pv, a.Area, f, !a.Damaged && f.Offset == a.Committed.Offset && f.Size == a.Committed.Size}
				if i, ok := seen[k]; !ok {
					seen[k] = len(texts)
					texts = append(texts, t)
				} else if t.Committed && !texts[i].Committed {
					texts[i] = t
				}
			}
		}
	}
	slices.SortStableFunc(texts, func(a, b OldText) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID), cmp.Compare(b.Seqno, a.Seqno))
	})
	return texts, errs
}

// Read reads the text. It may be damaged: its end was overwritten, or it was never
// written to its end. To restore it, [Scan.Commit] it with Restore set.
func (t OldText) Read() (*VG, error) {
	src, err := t.Area.ReadText(t.PV.Device, t.Location)
	if err != nil {
		return nil, deviceError(t.PV, "read text", err)
	}
	vg, err := Parse(src)
	if err != nil {
		return nil, fmt.Errorf("text %d at byte %d on %s: %w", t.Seqno, uint64(t.Area.Start+t.Offset), t.PV.Device.Path, err)
	}
	return vg, nil
}
