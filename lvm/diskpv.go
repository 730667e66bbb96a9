package lvm

import (
	"errors"
	"fmt"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// DiskPV is a PV as its device says.
type DiskPV struct {
	Device *Device
	Header disk.PVHeader
	Areas  []*DiskArea // one for each of Header.Metadata
	VG     *DiskVG     // nil: in none that was read
	// Faults are what is wrong with the label and the areas, where VG is nil. A
	// VG has those of its PVs.
	Faults []*Fault

	label [units.SectorSize]byte // as it was read
}

// DiskArea is a metadata area as it was read.
type DiskArea struct {
	// AreaHeader is the header; where Damaged is set, only its Area, as the label
	// has it.
	disk.AreaHeader
	Damaged bool // the header cannot be used: the next commit writes a new one
	// Misplaced says that the area lies in another one, or beyond the device: a VG
	// with such an area is not written.
	Misplaced bool

	raw  [disk.HeaderSize]byte // the header as it was read
	text *diskText             // the committed one; nil: none, or not read
}

// ID is the PV's.
func (p *DiskPV) ID() ID { return p.Header.ID }

// NewPV returns what a VG of extents of the given size would say of p as its
// newest member: all of the device from the start of the data area on, but for
// areas behind it.
func (p *DiskPV) NewPV(extent units.Sectors) *PV {
	pv := &PV{
		ID: p.ID(), Device: p.Device.Path, Status: Flags{FlagAllocatable},
		Size: p.Header.Size.SectorsRoundDown(), Start: p.Header.Data.Start.SectorsRoundDown(),
		Count: CountExtents(p.Header, extent),
	}
	if b := p.Header.Boot; b.Size != 0 {
		pv.BootStart, pv.BootLength = b.Start.SectorsRoundDown(), b.Size.SectorsRoundDown()
	}
	return pv
}

// firstRead is how much of a device is read at once: the label, the header of the
// first area, which lies in the second page, and the first texts of small VGs.
const firstRead = 16 * units.KiB

// cachedDevice is a device, and what is at its start.
type cachedDevice struct {
	*Device
	start []byte
}

// ReadAt implements [io.ReaderAt].
func (c cachedDevice) ReadAt(b []byte, off int64) (int, error) {
	if end := off + int64(len(b)); off >= 0 && end <= int64(len(c.start)) {
		return copy(b, c.start[off:]), nil
	}
	return c.Device.ReadAt(b, off)
}

// peek returns n bytes at off: those that are kept, where they are.
func (c cachedDevice) peek(off int64, n units.Bytes) ([]byte, error) {
	if end := off + int64(n); off >= 0 && end <= int64(len(c.start)) {
		return c.start[off:end:end], nil
	}
	b := make([]byte, n)
	_, err := c.Device.ReadAt(b, off)
	return b, err
}

// readPV reads the label and the headers of the areas. The device is no PV where
// it returns nil. buf is [firstRead] long.
func readPV(d *Device, buf []byte) (*DiskPV, cachedDevice, error) {
	c := cachedDevice{d, buf[:min(firstRead, d.Size)]}
	if n, err := d.ReadAt(c.start, 0); n < len(c.start) {
		return nil, c, fmt.Errorf("read label: %w", err)
	}
	h, err := disk.FindLabel(c.start)
	if errors.Is(err, disk.ErrNoLabel) {
		return nil, c, nil
	}
	if err != nil {
		return nil, c, err
	}
	p := &DiskPV{Device: d, Header: h}
	copy(p.label[:], c.start[h.Sector*units.SectorSize:])
	if h.Size > d.Size {
		p.fault(ErrSmallDevice, "the device has %d bytes, its label says %d", "", uint64(d.Size), uint64(h.Size))
	}
	for i := range h.Metadata {
		p.Areas = append(p.Areas, p.readArea(c, i))
	}
	return p, c, nil
}

// readArea reads the header of area i.
func (p *DiskPV) readArea(c cachedDevice, i int) *DiskArea {
	at := p.Header.Metadata[i]
	a := &DiskArea{AreaHeader: disk.AreaHeader{Area: at}}
	if fault := p.Header.CheckArea(i, p.Device.Size); fault != nil {
		p.faults(fault, "")
		a.Misplaced = true
		if !at.Within(p.Device.Size) {
			a.Damaged = true
			return a
		}
	}
	if _, err := c.ReadAt(a.raw[:], int64(at.Start)); err != nil {
		p.faults(fmt.Errorf("read metadata area header: %w", err), "")
		a.Damaged = true
		return a
	}
	h, err := disk.DecodeAreaHeader(a.raw[:], at.Start)
	switch {
	case err != nil:
		p.faults(err, mendByWrite)
		a.Damaged = true
	case h.Size != at.Size:
		// lvm2 goes by the header. Who is right, nobody knows.
		p.fault(disk.ErrDamaged, "metadata area at byte %d has %d bytes, its label says %d", "", uint64(at.Start), uint64(h.Size), uint64(at.Size))
		a.Misplaced = true
		if a.AreaHeader = h; !h.Area.Within(p.Device.Size) {
			a.AreaHeader, a.Damaged = disk.AreaHeader{Area: at}, true
		}
	default:
		a.AreaHeader = h
	}
	return a
}

// fault adds a fault of the PV.
func (p *DiskPV) fault(err error, format, mend string, args ...any) {
	p.Faults = append(p.Faults, &Fault{Object: "PV", Name: p.Device.Path, What: fmt.Sprintf(format, args...), Mend: mend, Err: err})
}

// faults adds err as a fault of the PV.
func (p *DiskPV) faults(err error, mend string) {
	p.Faults = append(p.Faults, &Fault{Object: "PV", Name: p.Device.Path, What: err.Error(), Mend: mend, Err: err})
}

// scanBuffer is a buffer of [firstRead] bytes that any device takes as it is.
func scanBuffer() []byte { return ioctl.AlignedBytes(int(firstRead)) }
