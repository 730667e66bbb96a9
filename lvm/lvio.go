package lvm

import (
	"errors"
	"fmt"
	"io"

	"github.com/rok-storage/rok/units"
)

// lvData reads and writes the data of an LV on its PVs, around the kernel: for LVs
// that are not active, of linear and striped segments.
type lvData struct {
	vg  *VG
	lv  *LV
	pvs map[ID]*Device
}

// errNotOnPVs says that what an LV holds is not simply on PVs.
var errNotOnPVs = errors.New("not on PVs alone")

// size is the LV's.
func (d *lvData) size() units.Bytes { return extentBytes(d.lv.Size(), d.vg.ExtentSize) }

// run is where a byte of the LV is, and how many behind it are there too.
func (d *lvData) run(at units.Bytes) (dev *Device, off, length units.Bytes, err error) {
	extent := extentBytes(1, d.vg.ExtentSize)
	for i := range d.lv.Segments {
		s := &d.lv.Segments[i]
		start, end := extentBytes(s.Start, d.vg.ExtentSize), extentBytes(s.Start+s.Length, d.vg.ExtentSize)
		if at < start || at >= end {
			continue
		}
		t, ok := s.Type.(*Striped)
		if !ok || len(t.Areas) == 0 {
			break
		}
		within := at - start
		area, length := 0, end-at
		if n := units.Bytes(len(t.Areas)); n > 1 {
			stripe := units.Bytes(t.StripeSize) * units.SectorSize
			if stripe == 0 {
				break
			}
			number := within / stripe
			area, length = int(number%n), stripe-within%stripe
			within = number/n*stripe + within%stripe
		}
		a := t.Areas[area]
		pv, dev := d.vg.PV(a.PV), d.pvs[a.PV]
		if pv == nil || dev == nil {
			return nil, 0, 0, fmt.Errorf("LV %s: %w", d.lv.Name, ErrMissingPV)
		}
		off := units.Bytes(pv.Start)*units.SectorSize + units.Bytes(a.Start)*extent + within
		return dev, off, length, nil
	}
	return nil, 0, 0, fmt.Errorf("LV %s: %w", d.lv.Name, errNotOnPVs)
}

// each calls do for the runs that b is in, at byte off of the LV.
func (d *lvData) each(b []byte, off int64, do func(dev *Device, b []byte, off int64) (int, error)) (int, error) {
	done := 0
	for done < len(b) {
		at := units.Bytes(off) + units.Bytes(done)
		if at >= d.size() {
			return done, io.EOF
		}
		dev, where, length, err := d.run(at)
		if err != nil {
			return done, err
		}
		part := b[done:min(units.Bytes(len(b)), units.Bytes(done)+length)]
		n, err := do(dev, part, int64(where))
		if done += n; n < len(part) {
			return done, err
		}
	}
	return done, nil
}

// ReadAt implements [io.ReaderAt].
func (d *lvData) ReadAt(b []byte, off int64) (int, error) {
	return d.each(b, off, func(dev *Device, b []byte, off int64) (int, error) { return dev.ReadAt(b, off) })
}

// WriteAt implements [io.WriterAt].
func (d *lvData) WriteAt(b []byte, off int64) (int, error) {
	return d.each(b, off, func(dev *Device, b []byte, off int64) (int, error) { return dev.WriteAt(b, off) })
}
