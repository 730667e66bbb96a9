package disk

import "github.com/rok-storage/rok/units"

// Resized returns h as it is when the PV gets another size. A metadata area behind
// the data moves with the end, and begins at a multiple of what it began at
// before, up to 1 MiB; where it would begin at the same place, it stays as it is,
// since its header and the label, which both say how long it is, cannot be written
// at once. That extents in use stay in front of it, the caller looks after. It
// fails with a [*LayoutError].
func (h PVHeader) Resized(size units.Bytes) (PVHeader, error) {
	size &^= units.SectorSize - 1
	if size < MinSize {
		return PVHeader{}, &LayoutError{"PV size", size, MinSize, "at least"}
	}
	h.Size = size
	areas := make([]Area, len(h.Metadata))
	for i, a := range h.Metadata {
		if a.Start >= h.Data.Start {
			alignment := min(a.Start&-a.Start, DefaultAlignment)
			if a.Size > size || size-a.Size < h.Data.Start {
				return PVHeader{}, &LayoutError{"PV size", size, h.Data.Start + a.Size, "at least"}
			}
			if start := max(down(size-a.Size, alignment), h.Data.Start); start != a.Start {
				a = Area{start, size - start}
			}
		}
		areas[i] = a
	}
	h.Metadata = areas
	if h.Data.Size != 0 {
		h.Data.Size = max(h.DataEnd(), h.Data.Start) - h.Data.Start
	}
	if size < h.Data.Start {
		return PVHeader{}, &LayoutError{"PV size", size, h.Data.Start, "at least"}
	}
	return h, nil
}
