package disk

import (
	"encoding/binary"
	"fmt"

	"github.com/rok-storage/rok/units"
)

const (
	pvIDSize = 32 // ID_LEN, lib/uuid/uuid.h

	// ExtensionVersion is the version of the extension of the PV header that is
	// written: PV_HEADER_EXTENSION_VSN, lib/format_text/layout.h.
	ExtensionVersion = 2
	// FlagUsed is set while the PV is in a VG: PV_EXT_USED,
	// lib/metadata/metadata-exported.h. Since version 2.
	FlagUsed = 1 << 0
)

// PVHeader says what a PV is and where its areas are: struct pv_header and
// struct pv_header_extension, lib/format_text/layout.h.
type PVHeader struct {
	Sector   int         // of the label: 0 to 3
	ID       [32]byte    // the PV's ID without dashes
	Size     units.Bytes // of the device when the PV was made or resized
	Data     Area        // the extents
	Metadata []Area      // none, one or two; lvm2 reads more
	Version  uint32      // of the extension; 0: there is none
	Flags    uint32      // [FlagUsed], and bits that are kept as they are
	Boot     Area        // the bootloader area; Size 0: there is none that holds anything
}

// Used reports whether the header says that the PV is in a VG. Headers of before
// version 2 do not say it.
func (h *PVHeader) Used() bool { return h.Version >= 2 && h.Flags&FlagUsed != 0 }

// SetUsed says that the PV is in a VG, or not in one, in the version that has a
// place for it.
func (h *PVHeader) SetUsed(used bool) {
	h.Version = max(h.Version, ExtensionVersion)
	h.Flags &^= FlagUsed
	if used {
		h.Flags |= FlagUsed
	}
}

// Writable reports whether this package knows all that h holds. Versions of the
// extension behind [ExtensionVersion] may have more.
func (h *PVHeader) Writable() bool { return h.Version <= ExtensionVersion }

// decodePVHeader reads the header from the rest of a label's sector.
func decodePVHeader(b []byte, at units.Bytes) (h PVHeader, err error) {
	fault := func(what string, expected, found any) (PVHeader, error) {
		return PVHeader{}, damaged("PV header", at, what, expected, found)
	}
	if len(b) < pvIDSize+8 {
		return fault("length", pvIDSize+8, len(b))
	}
	copy(h.ID[:], b)
	for _, c := range h.ID {
		// Versions of before 2002 made IDs with '!' and '#', which lvm2 still reads.
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '!' || c == '#') {
			return fault("ID", "32 letters and digits", fmt.Sprintf("%q", h.ID))
		}
	}
	h.Size = units.Bytes(binary.LittleEndian.Uint64(b[pvIDSize:]))
	if h.Size == 0 {
		return fault("device size", "not zero", 0)
	}
	data, b, ok := decodeAreas(b[pvIDSize+8:])
	if !ok {
		return fault("list of data areas", "an end", "none")
	}
	if len(data) != 1 {
		return fault("data areas", 1, len(data))
	}
	h.Data = data[0]
	if h.Metadata, b, ok = decodeAreas(b); !ok {
		return fault("list of metadata areas", "an end", "none")
	}
	if len(b) < 8 || binary.LittleEndian.Uint32(b) == 0 {
		return h, nil
	}
	h.Version, h.Flags = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	boot, _, ok := decodeAreas(b[8:])
	if !ok {
		return fault("list of bootloader areas", "an end", "none")
	}
	if len(boot) > 1 {
		return fault("bootloader areas", "at most 1", len(boot))
	}
	if len(boot) == 1 {
		h.Boot = boot[0]
	}
	return h, nil
}

func appendPVHeader(b []byte, h PVHeader) []byte {
	b = append(b, h.ID[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.Size))
	b = appendAreas(b, []Area{h.Data})
	b = appendAreas(b, h.Metadata)
	if h.Version == 0 {
		return b
	}
	b = binary.LittleEndian.AppendUint32(b, h.Version)
	b = binary.LittleEndian.AppendUint32(b, h.Flags)
	var boot []Area
	if h.Boot.Start != 0 {
		boot = []Area{h.Boot}
	}
	return appendAreas(b, boot)
}

// DataEnd is where the extents end at the latest: at the first area behind their
// start, or with the PV.
func (h *PVHeader) DataEnd() units.Bytes {
	end := h.Size
	if h.Data.Size != 0 {
		end = min(end, h.Data.end())
	}
	for _, a := range append([]Area{h.Boot}, h.Metadata...) {
		if a.Size != 0 && a.Start >= h.Data.Start {
			end = min(end, a.Start)
		}
	}
	return end
}
