package disk

import (
	"fmt"
	"math/bits"

	"github.com/rok-storage/rok/units"
)

const (
	// MinSize is the size of the smallest PV: pv_min_size in lvm.conf, whose
	// default is DEFAULT_PV_MIN_SIZE_KB, lib/config/defaults.h.
	MinSize = 2 * units.MiB
	// DefaultAlignment is that of the data area: DEFAULT_DATA_ALIGNMENT,
	// lib/config/defaults.h.
	DefaultAlignment = units.MiB

	firstArea       = 4096                                  // the page behind the label
	defaultMetadata = DefaultAlignment - firstArea          // so that the data begins at 1 MiB
	minMetadata     = 8 * 4096                              // MDA_SIZE_MIN, lib/format_text/layout.h
	maxPVSize       = units.Bytes(1<<63 - units.SectorSize) // what an offset can reach
	sectorMask      = units.Bytes(units.SectorSize) - 1
)

// Layout says what a new PV is to look like. The zero value but for Size is what
// pvcreate makes of a device without topology hints.
type Layout struct {
	Size units.Bytes // of the PV: the device's, or less
	// NoMetadata makes no metadata area: --pvmetadatacopies 0.
	NoMetadata bool
	// SecondArea makes a metadata area at the end, too: --pvmetadatacopies 2.
	SecondArea bool
	// MetadataSize is the least size of each metadata area; rounding makes it
	// larger. Zero: 1 MiB less 4096 bytes.
	MetadataSize units.Bytes
	// Alignment is that of the data area's start. Zero: [DefaultAlignment].
	Alignment units.Bytes
	// AlignmentOffset shifts the data area's start; at most Alignment.
	AlignmentOffset units.Bytes
	// BootSize is the least size of a bootloader area in front of the data.
	BootSize units.Bytes
	// LabelSector is where the label goes, 0 to 3. Nil: [DefaultLabelSector].
	LabelSector *int
}

// Header returns the header of a new PV with the given ID, of the version that
// lvm2 writes, in no VG: _text_pv_initialise and _text_pv_add_metadata_area,
// lib/format_text/format-text.c. It fails with a [*LayoutError].
func (l Layout) Header(id [32]byte) (PVHeader, error) {
	if l.Alignment == 0 {
		l.Alignment = DefaultAlignment
	}
	if l.MetadataSize == 0 {
		l.MetadataSize = defaultMetadata
	}
	h := PVHeader{Sector: DefaultLabelSector, ID: id, Size: l.Size, Version: ExtensionVersion}
	if l.LabelSector != nil {
		h.Sector = *l.LabelSector
	}
	if err := l.check(h.Sector); err != nil {
		return PVHeader{}, err
	}
	boot := up(l.BootSize, l.Alignment)
	start := l.Alignment + l.AlignmentOffset
	if l.BootSize != 0 && (boot > l.Size || start > l.Size-boot) {
		return PVHeader{}, &LayoutError{"bootloader area", boot, l.Size - min(start, l.Size), "at most"}
	}
	if !l.NoMetadata {
		if start = l.firstEnd(l.Size - boot); start < firstArea+minMetadata {
			return PVHeader{}, &LayoutError{"metadata area", start - min(firstArea, start), minMetadata, "at least"}
		}
		h.Metadata = append(h.Metadata, Area{firstArea, start - firstArea})
	}
	if boot != 0 {
		h.Boot = Area{start, boot}
	}
	h.Data.Start = start + boot
	if h.Data.Start < LabelScanSize {
		// lvm2 2.03.16 lets the data begin in the middle of the label's sectors.
		return PVHeader{}, &LayoutError{"start of the data area", h.Data.Start, LabelScanSize, "at least"}
	}
	if l.SecondArea {
		at := h.Data.Start
		if l.MetadataSize < l.Size {
			at = max(at, down(l.Size-l.MetadataSize, l.Alignment))
		}
		if at > l.Size || l.Size-at < minMetadata {
			return PVHeader{}, &LayoutError{"second metadata area", l.Size - min(at, l.Size), minMetadata, "at least"}
		}
		h.Metadata = append(h.Metadata, Area{at, l.Size - at})
	}
	return h, nil
}

// check refuses what no layout can be made of.
func (l Layout) check(sector int) error {
	for _, rule := range []struct {
		what  string
		value units.Bytes
		limit units.Bytes
		below bool // value may not be below limit; else not above
	}{
		{"PV size", l.Size, MinSize, true},
		{"PV size", l.Size, maxPVSize, false},
		{"data alignment", l.Alignment, l.Size, false},
		{"data alignment offset", l.AlignmentOffset, l.Alignment, false},
		{"metadata area", l.MetadataSize, maxPVSize, false},
		{"bootloader area", l.BootSize, l.Size, false},
	} {
		if rule.below && rule.value < rule.limit {
			return &LayoutError{rule.what, rule.value, rule.limit, "at least"}
		}
		if !rule.below && rule.value > rule.limit {
			return &LayoutError{rule.what, rule.value, rule.limit, "at most"}
		}
		if rule.value&sectorMask != 0 {
			return &LayoutError{rule.what, rule.value, units.SectorSize, "a multiple of"}
		}
	}
	if sector < 0 || sector >= labelSectors {
		return fmt.Errorf("PV layout: label in sector %d, at most %d: %w", sector, labelSectors-1, ErrLayout)
	}
	if l.NoMetadata && l.SecondArea {
		return &LayoutError{"second metadata area", l.MetadataSize, 0, "without a first one, at most"}
	}
	return nil
}

// firstEnd is where the first metadata area ends, of which and of all behind it
// but the bootloader area limit is the end. lvm2 rounds up to the alignment, and
// adds the offset, each where there is room. An area that does not fit is made
// smaller, and then gets no offset.
func (l Layout) firstEnd(limit units.Bytes) units.Bytes {
	end := firstArea + l.MetadataSize
	if end > limit {
		if end = limit; limit > firstArea+2*l.Alignment {
			end = up(limit-2*l.Alignment, l.Alignment)
		}
		return end
	}
	aligned := up(end, l.Alignment)
	if aligned > limit {
		return end
	}
	if aligned+l.AlignmentOffset > limit {
		return aligned
	}
	return aligned + l.AlignmentOffset
}

// up rounds n up to a multiple of unit, which need not be a power of two. A
// multiple that no number holds is the largest number.
func up(n, unit units.Bytes) units.Bytes {
	sum, carry := bits.Add64(uint64(n), uint64(unit-1), 0)
	if carry != 0 {
		return ^units.Bytes(0)
	}
	return units.Bytes(sum) / unit * unit
}

func down(n, unit units.Bytes) units.Bytes { return n / unit * unit }
