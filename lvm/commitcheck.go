package lvm

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// check refuses what must be refused, and plans what is to be written.
func (c *commit) check() error {
	r := c.request
	if c.old == nil && r.New == nil {
		return errors.New("neither a VG nor what it is to be")
	}
	if c.old == nil && r.New != nil {
		for _, g := range c.scan.VGs {
			if g.VG.ID != r.New.ID {
				continue
			}
			if !r.Restore {
				return fmt.Errorf("VG %s: %w", g.VG.Name, ErrVGExists)
			}
			c.old = g
		}
	}
	if c.old != nil {
		if err := c.checkOld(); err != nil {
			return err
		}
	}
	if r.New == nil {
		if len(c.old.VG.LVs) > 0 {
			return ErrHasLVs
		}
		c.leaves = append(c.leaves, c.old.PVs...)
		c.leaveOutdated()
		return c.checkHeaders(c.leaves)
	}
	if err := c.checkNew(); err != nil {
		return err
	}
	if err := c.findMembers(); err != nil {
		return err
	}
	if c.old != nil {
		for _, pv := range c.old.PVs {
			if pv != nil && pv.VG == c.old && !slices.Contains(c.members, pv) {
				c.leaves = append(c.leaves, pv)
			}
		}
		c.leaveOutdated()
	}
	if err := c.checkHeaders(append(slices.Clone(c.members), c.leaves...)); err != nil {
		return err
	}
	if err := c.number(); err != nil {
		return err
	}
	return c.aim()
}

// leaveOutdated lets PVs leave that should have before, where they can be written.
func (c *commit) leaveOutdated() {
	for _, d := range c.old.Outdated {
		if !slices.Contains(c.members, d) && c.checkHeaders([]*DiskPV{d}) == nil {
			c.leaves = append(c.leaves, d)
		}
	}
}

// checkOld refuses to change a VG that is somebody else's.
func (c *commit) checkOld() error {
	vg, next := c.old.VG, c.request.New
	switch {
	case vg.SystemID != "" && vg.SystemID != c.request.SystemID:
		return fmt.Errorf("system ID %q: %w", vg.SystemID, ErrForeign)
	case vg.Status.Has(FlagExported) && (!c.request.Import || next == nil || next.Status.Has(FlagExported)):
		return ErrExported
	case !vg.Status.Has(FlagWrite) && !vg.Flags.Has(FlagWriteLocked):
		return ErrVGNotWritable
	}
	if err := refuseVG(vg); err != nil {
		return err
	}
	var refusals []error
	for _, err := range c.old.refusals {
		// A PV that is missing may be what the change is about, and so may be texts
		// that contradict each other: those that are to be in the VG are looked at.
		missing := next != nil && errors.Is(err, ErrMissingPV)
		restored := c.request.Restore && (errors.Is(err, ErrConflict) || errors.Is(err, ErrClaimed))
		if !missing && !restored {
			refusals = append(refusals, err)
		}
	}
	return errors.Join(refusals...)
}

// refuseVG refuses a VG that rok may not write, old or new.
func refuseVG(vg *VG) error {
	switch {
	case vg.LockType != "" && vg.LockType != "none" || vg.Status.Has(FlagShared):
		return fmt.Errorf("lock type %q: %w", vg.LockType, ErrShared)
	case vg.Status.Has(FlagClustered):
		return ErrClustered
	}
	for _, lv := range vg.LVs {
		for i := range lv.Segments {
			if h, ok := lv.Segments[i].Type.(*Held); ok && !h.Known {
				return fmt.Errorf("LV %s: type %s: %w", lv.Name, h.Type, ErrUnknownSegment)
			}
		}
	}
	return nil
}

// checkNew refuses what nobody could read, and what would clash with others.
func (c *commit) checkNew() error {
	next := c.request.New
	if err := next.Validate(); err != nil {
		return err
	}
	if err := refuseVG(next); err != nil {
		return err
	}
	for _, pv := range next.PVs {
		if pv.Missing() {
			return fmt.Errorf("PV %s is said to be missing: %w", pv.ID, ErrMissingPV)
		}
	}
	if c.old != nil && c.old.VG.Name == next.Name {
		return nil
	}
	if c.scan.only != "" {
		return ErrPartScan
	}
	for _, g := range c.scan.VGs {
		if g != c.old && g.VG.Name == next.Name && g.VG.ID != next.ID {
			return fmt.Errorf("VG %s: %w", next.Name, ErrSameName)
		}
	}
	return nil
}

// findMembers finds the device of each PV of the new VG.
func (c *commit) findMembers() error {
	for _, pv := range c.request.New.PVs {
		var found []*DiskPV
		for _, d := range c.scan.PVs {
			if d.ID() == pv.ID {
				found = append(found, d)
			}
		}
		switch len(found) {
		case 0:
			return fmt.Errorf("PV %s: %w", pv.ID, ErrMissingPV)
		case 1:
		default:
			return fmt.Errorf("PV %s: %s and %s: %w", pv.ID, found[0].Device.Path, found[1].Device.Path, ErrDuplicatePV)
		}
		d := found[0]
		if c.old == nil || d.VG != c.old {
			if err := c.checkJoining(d); err != nil {
				return fmt.Errorf("PV %s: %w", d.Device.Path, err)
			}
		}
		areas := d.Header.Metadata
		if h, ok := c.request.Headers[pv.ID]; ok {
			m, err := newMove(d, h)
			if err != nil {
				return fmt.Errorf("PV %s: %w", d.Device.Path, err)
			}
			areas = h.Metadata
			c.moves = append(c.moves, m)
		}
		if err := checkExtents(pv, d, areas, c.request.New.ExtentSize); err != nil {
			return err
		}
		c.members = append(c.members, d)
	}
	return nil
}

// checkJoining refuses a PV that is not free to join the VG.
func (c *commit) checkJoining(d *DiskPV) error {
	id := c.request.New.ID
	switch {
	case c.scan.only != "":
		return ErrPartScan
	case d.VG != nil && !(c.request.Restore && d.VG.VG.ID == id):
		return fmt.Errorf("in VG %s: %w", d.VG.VG.Name, ErrNotFree)
	case d.Header.Used() && !c.request.Restore:
		return fmt.Errorf("its header says that a VG uses it: %w", ErrNotFree)
	}
	for _, a := range d.Areas {
		if a.Damaged || a.Committed.Empty() || c.request.Restore && (a.text == nil || a.text.vg.ID == id) {
			continue
		}
		return fmt.Errorf("it has metadata: %w", ErrNotFree)
	}
	return nil
}

// checkHeaders refuses PVs whose headers or areas cannot be written.
func (c *commit) checkHeaders(pvs []*DiskPV) error {
	for _, d := range pvs {
		if !d.Header.Writable() {
			return fmt.Errorf("PV %s: extension of version %d: %w", d.Device.Path, d.Header.Version, ErrUnknownHeader)
		}
		for _, a := range d.Areas {
			if a.Misplaced {
				return fmt.Errorf("PV %s: metadata area at byte %d: %w", d.Device.Path, uint64(a.Start), ErrMisplaced)
			}
		}
	}
	return nil
}

// number makes the value that is written: one newer than all that were found, with
// the devices' paths. A file's path is of use only here, so it replaces no other.
func (c *commit) number() error {
	last := uint32(0)
	if c.old != nil {
		last = c.old.VG.Seqno
	}
	for _, t := range c.scan.texts {
		if t.vg.ID == c.request.New.ID {
			last = max(last, t.vg.Seqno)
		}
	}
	if last == math.MaxUint32 {
		return fmt.Errorf("no number behind %d: %w", last, ErrRange)
	}
	c.next = c.request.New.Clone()
	c.next.Seqno = last + 1
	for i, d := range c.members {
		pv := c.next.PVs[i]
		if pv.Device != d.Device.Path && (pv.Device == "" || !d.Device.IsFile()) {
			pv = pv.Clone()
			pv.Device = d.Device.Path
			c.next.PVs[i] = pv
		}
	}
	c.text = c.next.AppendText(nil)
	return nil
}

// open opens the devices for writing, and refuses those that have changed since they
// were read.
func (c *commit) open() error {
	pvs := append(slices.Clone(c.members), c.leaves...)
	for _, d := range pvs {
		if err := d.Device.Upgrade(ReadWrite); err != nil {
			return err
		}
	}
	if c.request.locked {
		return nil
	}
	return unchanged(pvs)
}

// unchanged compares what PVs have now with what was read.
func unchanged(pvs []*DiskPV) error {
	buf := ioctl.AlignedBytes(2 * 4096)
	for _, d := range pvs {
		start := cachedDevice{d.Device, buf[:min(units.Bytes(len(buf)), d.Device.Size)]}
		if n, err := d.Device.ReadAt(start.start, 0); n < len(start.start) {
			return deviceError(d, "read label", err)
		}
		changed := !bytes.Equal(start.start[d.Header.Sector*units.SectorSize:][:units.SectorSize], d.label[:])
		var b [disk.HeaderSize]byte
		for _, a := range d.Areas {
			if _, err := start.ReadAt(b[:], int64(a.Start)); err != nil {
				return deviceError(d, "read metadata area header", err)
			}
			changed = changed || b != a.raw
		}
		if changed {
			return fmt.Errorf("PV %s: %w", d.Device.Path, ErrChanged)
		}
	}
	return nil
}
