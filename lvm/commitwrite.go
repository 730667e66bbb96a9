package lvm

import (
	"errors"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// writeTexts writes the text to all areas that get it. Nothing refers to it yet.
func (c *commit) writeTexts() error {
	for _, t := range c.targets {
		if t.ignore {
			continue
		}
		for _, w := range t.area.Writes(c.text, t.place) {
			if _, err := t.pv.Device.WriteAt(w.Data, int64(w.Start)); err != nil {
				return deviceError(t.pv, "write metadata", err)
			}
		}
	}
	return syncAll(c.members)
}

// precommit puts the text into the second slot of all areas. Readers do not look
// there; after a power cut it says that this commit did not end.
func (c *commit) precommit() error {
	for _, t := range c.targets {
		t.before = t.area.AreaHeader
	}
	for _, t := range c.targets {
		if t.ignore {
			continue
		}
		h := t.before
		h.Precommitted = t.place
		if err := t.write(h); err != nil {
			return err
		}
	}
	return syncAll(c.members)
}

// revert makes the headers what they were, with an empty second slot.
func (c *commit) revert() error {
	var errs []error
	for _, t := range c.targets {
		if t.ignore {
			continue
		}
		h := t.before
		h.Precommitted = disk.Location{}
		errs = append(errs, t.write(h))
	}
	return errors.Join(append(errs, syncAll(c.members), c.moveBack())...)
}

// commit puts the text into the first slot. The VG is committed with the first
// area that has it, whatever becomes of the others. What was written and could
// not be flushed counts: all who read from now on see it.
func (c *commit) commit() (committed bool, err error) {
	rest := c.targets
	var errs []error
	if c.old != nil && c.old.VG.Name != c.next.Name && len(rest) > 1 {
		if err := c.retire(rest[1:]); err != nil {
			return false, errors.Join(err, c.enlist())
		}
		if err := rest[0].commit(); err != nil {
			return false, errors.Join(err, c.enlist())
		}
		committed, rest = true, rest[1:]
		errs = append(errs, syncAll(c.members))
	}
	for _, t := range rest {
		if t.ignore && !committed { // those that get the text come first
			break
		}
		if err := t.commit(); err != nil {
			errs = append(errs, err)
			continue
		}
		committed = true
	}
	return committed, errors.Join(append(errs, syncAll(c.members))...)
}

// retire empties the first slots of areas, so that one that is left says alone what
// the VG is. Where two areas have different names for one VG, lvm2 2.03.16 believes
// the one that it reads last, which need not be the newest. It fills an empty area
// of a VG only where the PV's header does not say that it is used.
func (c *commit) retire(targets []*target) error {
	var pvs []*DiskPV
	for _, t := range targets {
		if !slices.Contains(pvs, t.pv) {
			pvs = append(pvs, t.pv)
		}
	}
	if err := setUsed(pvs, false); err != nil {
		return err
	}
	for _, t := range targets {
		h := t.area.AreaHeader
		h.Committed = disk.Location{Flags: h.Committed.Flags}
		if err := t.write(h); err != nil {
			return err
		}
	}
	return syncAll(c.members)
}

// commit puts the text into the first slot of the area, or says that it is ignored.
func (t *target) commit() error {
	h := t.area.AreaHeader
	h.Committed, h.Precommitted = t.place, disk.Location{}
	if t.ignore {
		h.Committed.Flags = disk.FlagIgnored
	}
	return t.write(h)
}

// write writes the header of the area.
func (t *target) write(h disk.AreaHeader) error { return t.pv.writeArea(t.area, h) }

// writeArea writes h as the header of a. It is put where the old one is kept, since that
// takes no more memory; where it cannot be written, the old one is put back.
func (p *DiskPV) writeArea(a *DiskArea, h disk.AreaHeader) error {
	was := a.raw
	b := disk.AppendAreaHeader(a.raw[:0], h)
	if _, err := p.Device.WriteAt(b, int64(a.Start)); err != nil {
		a.raw = was
		return deviceError(p, "write metadata area header", err)
	}
	a.AreaHeader, a.Damaged, a.text = h, false, nil
	return nil
}

// writeLabel writes h as the label of p.
func (p *DiskPV) writeLabel(h disk.PVHeader) error {
	b := disk.AppendLabel(nil, h)
	if _, err := p.Device.WriteAt(b, int64(h.Sector)*units.SectorSize); err != nil {
		return deviceError(p, "write label", err)
	}
	p.Header = h
	copy(p.label[:], b)
	return nil
}

// enlist makes the headers of all members say "used". It comes behind the commit,
// so that a power cut leaves no PV that says so and is in no VG.
func (c *commit) enlist() error { return setUsed(c.members, true) }

// release empties PVs that have left the VG. Each one first stops to say that it is
// used: until its areas are empty, the text in them shows where it was. One that was
// smaller than its device has all of it again: vg_remove_direct and vgreduce_single
// of lib/metadata/metadata.c.
func (c *commit) release(pvs []*DiskPV) error {
	if err := rewriteLabels(pvs, func(p *DiskPV, h *disk.PVHeader) {
		h.SetUsed(false)
		h.Size = p.Device.Size &^ (units.SectorSize - 1)
	}); err != nil {
		return err
	}
	var errs []error
	for _, p := range pvs {
		for _, a := range p.Areas {
			h := disk.AreaHeader{Area: a.Area}
			h.Committed.Flags = a.Committed.Flags
			errs = append(errs, p.writeArea(a, h))
		}
	}
	return errors.Join(append(errs, syncAll(pvs))...)
}

// setUsed makes the headers of pvs say that they are used, or not.
func setUsed(pvs []*DiskPV, used bool) error {
	return rewriteLabels(pvs, func(_ *DiskPV, h *disk.PVHeader) { h.SetUsed(used) })
}

// rewriteLabels changes the headers of pvs, and writes those that are not as they
// were.
func rewriteLabels(pvs []*DiskPV, change func(*DiskPV, *disk.PVHeader)) error {
	var errs []error
	var changed []*DiskPV
	for _, p := range pvs {
		h := p.Header
		change(p, &h)
		if h.Version == p.Header.Version && h.Flags == p.Header.Flags && h.Size == p.Header.Size {
			continue
		}
		errs = append(errs, p.writeLabel(h))
		changed = append(changed, p)
	}
	return errors.Join(append(errs, syncAll(changed))...)
}

// syncAll flushes the devices of pvs, all at once.
func syncAll(pvs []*DiskPV) error {
	errs := make([]error, len(pvs))
	all := newAbreast(len(pvs))
	for i, p := range pvs {
		all.run(func() { errs[i] = deviceError(p, "flush", p.Device.Sync()) })
	}
	all.wait()
	return errors.Join(errs...)
}
