package disk

import (
	"fmt"

	"github.com/rok-storage/rok/units"
)

// Check returns what is wrong with the places of h's areas on a device of the
// given size. With any of it a PV may be read, and must not be written to: an
// area that lies in another would be overwritten by it. lvm2 2.03.16 checks none
// of this; later ones do, in label_check_pv_layout, lib/format_text/text_label.c.
func (h *PVHeader) Check(device units.Bytes) []*Error {
	var faults []*Error
	if h.Size > device {
		faults = append(faults, h.fault("size of the PV", fmt.Sprintf("at most the device's %d", uint64(device)), plain(h.Size)))
	}
	if data := h.Data.Start; data < LabelScanSize || data%units.SectorSize != 0 || data > device {
		faults = append(faults, h.fault("start of the data area", place, plain(data)))
	}
	if h.Boot.Size != 0 {
		if fault := h.checkBoot(device); fault != nil {
			faults = append(faults, fault)
		}
	}
	for i := range h.Metadata {
		if fault := h.CheckArea(i, device); fault != nil {
			faults = append(faults, fault)
		}
	}
	return faults
}

const place = "a whole number of sectors behind the label, within the device"

// CheckArea returns what is wrong with the place of metadata area i on a device
// of the given size, or nil. One that is not within the device cannot be read.
func (h *PVHeader) CheckArea(i int, device units.Bytes) *Error {
	a := h.Metadata[i]
	what := fmt.Sprintf("metadata area %d", i)
	if !a.Within(device) {
		return h.fault(what, place, a)
	}
	for j, b := range h.Metadata[:i] {
		if a.overlaps(b) {
			return h.fault(what, fmt.Sprintf("outside of metadata area %d, %v", j, b), a)
		}
	}
	if h.Boot.Size != 0 && a.overlaps(h.Boot) {
		return h.fault(what, fmt.Sprintf("outside of the bootloader area, %v", h.Boot), a)
	}
	if a.overlaps(h.dataArea()) {
		return h.fault(what, fmt.Sprintf("outside of the data area, which begins at %d", uint64(h.Data.Start)), a)
	}
	return nil
}

func (h *PVHeader) checkBoot(device units.Bytes) *Error {
	if b := h.Boot; b.Start < LabelScanSize || b.Start%units.SectorSize != 0 || b.end() > device {
		return h.fault("bootloader area", place, b)
	}
	if h.Boot.overlaps(h.dataArea()) {
		return h.fault("bootloader area", fmt.Sprintf("outside of the data area, which begins at %d", uint64(h.Data.Start)), h.Boot)
	}
	return nil
}

// dataArea is the data area with an end, and with the first byte at least.
func (h *PVHeader) dataArea() Area {
	return Area{h.Data.Start, max(h.DataEnd(), h.Data.Start) - h.Data.Start}
}

func (h *PVHeader) fault(what string, expected, found any) *Error {
	at := units.Bytes(h.Sector)*units.SectorSize + labelHeader
	return damaged("PV header", at, what, expected, found)
}

// Within reports whether a metadata area can be read on a device of the given
// size: it lies on sectors behind the label, and has room for its header and a
// text.
func (a Area) Within(device units.Bytes) bool {
	return a.Start >= LabelScanSize && a.Start%units.SectorSize == 0 && a.Size%units.SectorSize == 0 &&
		a.Size >= 2*units.SectorSize && a.end() <= device
}
