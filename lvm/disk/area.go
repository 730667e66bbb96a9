package disk

import (
	"encoding/binary"
	"fmt"

	"github.com/rok-storage/rok/units"
)

// Area is a range of a device: struct disk_locn, lib/format_text/layout.h.
type Area struct {
	Start units.Bytes
	Size  units.Bytes // of a data area, 0: to where the next area or the PV ends
}

// end is where a ends; a range that no device could have ends at the last byte.
func (a Area) end() units.Bytes {
	if end := a.Start + a.Size; end >= a.Start {
		return end
	}
	return ^units.Bytes(0)
}

func (a Area) overlaps(b Area) bool { return a.Start < b.end() && b.Start < a.end() }

// String prints a as "4096+1044480".
func (a Area) String() string { return fmt.Sprintf("%d+%d", uint64(a.Start), uint64(a.Size)) }

// appendAreas appends a list of areas and the zeros that end it.
func appendAreas(b []byte, areas []Area) []byte {
	for _, a := range areas {
		b = binary.LittleEndian.AppendUint64(b, uint64(a.Start))
		b = binary.LittleEndian.AppendUint64(b, uint64(a.Size))
	}
	return append(b, make([]byte, areaSize)...)
}

// decodeAreas reads a list of areas up to the zeros that end it, and returns
// what is behind. It fails where the list does not end within b.
func decodeAreas(b []byte) (areas []Area, rest []byte, ok bool) {
	for len(b) >= areaSize {
		a := Area{units.Bytes(binary.LittleEndian.Uint64(b)), units.Bytes(binary.LittleEndian.Uint64(b[8:]))}
		b = b[areaSize:]
		if a.Start == 0 {
			return areas, b, true
		}
		areas = append(areas, a)
	}
	return nil, nil, false
}
