package disk

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/rok-storage/rok/units"
)

const (
	// LabelScanSize is how much of the start of a device may hold the label:
	// LABEL_SCAN_SIZE, lib/label/label.h.
	LabelScanSize = labelSectors * units.SectorSize
	// DefaultLabelSector is where pvcreate puts the label: DEFAULT_LABELSECTOR,
	// lib/config/defaults.h.
	DefaultLabelSector = 1

	labelSectors = 4            // LABEL_SCAN_SECTORS
	labelID      = "LABELONE"   // LABEL_ID, label.h
	labelType    = "LVM2 001"   // LVM2_LABEL, lib/format_text/layout.h
	labelHeader  = 32           // sizeof(struct label_header)
	labelStart   = len(labelID) // of the fields behind the id
	labelCRC     = 16           // offset of crc_xl
	labelCovered = labelCRC + 4 // from where the checksum counts
	labelOffset  = labelCovered // offset of offset_xl
	labelTypeAt  = labelOffset + 4
	areaSize     = 16 // sizeof(struct disk_locn)
)

// FindLabel looks for the label in the first sectors of a device: b is
// [LabelScanSize] bytes, or what there is. As with lvm2, the first sound label
// counts, and further ones do not. It fails with [ErrNoLabel], or where there
// are only damaged labels with the [*Error] of the first.
func FindLabel(b []byte) (PVHeader, error) {
	var first error
	for sector := 0; sector < labelSectors && len(b) >= (sector+1)*units.SectorSize; sector++ {
		s := b[sector*units.SectorSize:][:units.SectorSize]
		if string(s[:labelStart]) != labelID {
			continue
		}
		h, err := DecodeLabel(s, sector)
		if err == nil {
			return h, nil
		}
		if first == nil {
			first = err
		}
	}
	if first != nil {
		return PVHeader{}, first
	}
	return PVHeader{}, ErrNoLabel
}

// ReadLabel reads the first sectors of a device, and what [FindLabel] finds.
func ReadLabel(r io.ReaderAt) (PVHeader, error) {
	var b [LabelScanSize]byte
	n, err := r.ReadAt(b[:], 0)
	if err != nil && err != io.EOF {
		return PVHeader{}, &Error{Structure: "label", What: "cannot be read", Err: err}
	}
	return FindLabel(b[:n])
}

// DecodeLabel reads the label in the given sector, of which s are the bytes, and
// the PV header in it. It fails with an [*Error].
func DecodeLabel(s []byte, sector int) (PVHeader, error) {
	at := units.Bytes(sector) * units.SectorSize
	if len(s) < units.SectorSize {
		return PVHeader{}, damaged("label", at, "length", units.SectorSize, len(s))
	}
	s = s[:units.SectorSize]
	if string(s[:labelStart]) != labelID {
		return PVHeader{}, damaged("label", at, "id", labelID, fmt.Sprintf("%q", s[:labelStart]))
	}
	if found := binary.LittleEndian.Uint64(s[labelStart:]); found != uint64(sector) {
		return PVHeader{}, damaged("label", at, "sector", sector, found)
	}
	if want, found := Checksum(s[labelCovered:]), binary.LittleEndian.Uint32(s[labelCRC:]); want != found {
		return PVHeader{}, damaged("label", at, "checksum", hex(want), hex(found))
	}
	if found := string(s[labelTypeAt:labelHeader]); found != labelType {
		return PVHeader{}, damaged("label", at, "type", labelType, fmt.Sprintf("%q", found))
	}
	offset := binary.LittleEndian.Uint32(s[labelOffset:])
	if offset < labelHeader || offset > units.SectorSize {
		return PVHeader{}, damaged("label", at, "offset of the PV header", labelHeader, offset)
	}
	h, err := decodePVHeader(s[offset:], at+units.Bytes(offset))
	h.Sector = sector
	return h, err
}

// AppendLabel appends the sector with the label that holds h. A header with more
// areas than fit is cut; one that was decoded fits.
func AppendLabel(b []byte, h PVHeader) []byte {
	start := len(b)
	b = append(b, labelID...)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.Sector))
	b = binary.LittleEndian.AppendUint32(b, 0) // the checksum
	b = binary.LittleEndian.AppendUint32(b, labelHeader)
	b = append(b, labelType...)
	b = appendPVHeader(b, h)
	b = append(b, make([]byte, units.SectorSize)...)[:start+units.SectorSize]
	binary.LittleEndian.PutUint32(b[start+labelCRC:], Checksum(b[start+labelCovered:]))
	return b
}

// hex prints a checksum as pvck does.
type hex uint32

func (n hex) String() string { return fmt.Sprintf("%#x", uint32(n)) }
