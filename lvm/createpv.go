package lvm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// ErrNotEmpty matches a [NotEmptyError].
var ErrNotEmpty = errors.New("device is not empty")

// NotEmptyError says what is on a device that is to become a PV.
type NotEmptyError struct {
	Path  string
	Found []disk.Signature // by where they are
}

func (e *NotEmptyError) Error() string {
	var names []string
	for _, f := range e.Found {
		if name := f.Type + " " + f.Kind; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return fmt.Sprintf("%s has %s: %v", e.Path, strings.Join(names, ", "), ErrNotEmpty)
}

// Is reports whether target is [ErrNotEmpty].
func (e *NotEmptyError) Is(target error) bool { return target == ErrNotEmpty }

// CreatePV is what a new PV is to be.
type CreatePV struct {
	// Layout is where its areas are to be; Size 0: all of the device.
	Layout disk.Layout
	ID     ID // zero: a new one
	// IgnoreAreas makes metadata areas that hold no text, until the VG has no
	// other: --metadataignore.
	IgnoreAreas bool
	// Force overwrites what else is on the device, and PVs that say that they are
	// in use by a VG that the scan did not find.
	Force bool
}

// CreatePV makes a PV of a device, as pvcreate does. A PV that is in no VG may be
// made anew. What else [disk.Signatures] finds on the device is a
// [*NotEmptyError], or is overwritten by force. A PV of a VG is [ErrNotFree], by
// force too.
//
// The lock of all orphans, P_global, must be held, exclusively, and the device be
// opened [Exclusive]: while it is mounted, or a part of something, nothing may be
// written to it. The label is written last, so that a power cut leaves no half of
// a PV.
func (s *Scan) CreatePV(d *Device, r CreatePV) (*DiskPV, error) {
	pv, err := s.createPV(d, r)
	if err != nil {
		return nil, fmt.Errorf("create PV %s: %w", d.Path, err)
	}
	return pv, nil
}

func (s *Scan) createPV(d *Device, r CreatePV) (*DiskPV, error) {
	old, err := s.onDevice(d, r.Force)
	if err != nil {
		return nil, err
	}
	if r.ID.IsZero() {
		r.ID = NewID()
	}
	for _, pv := range s.PVs {
		if pv != old && pv.ID() == r.ID {
			return nil, fmt.Errorf("ID %s: %s: %w", r.ID, pv.Device.Path, ErrDuplicatePV)
		}
	}
	if r.Layout.Size == 0 {
		r.Layout.Size = d.Size
	}
	h, err := r.Layout.Header(r.ID)
	if err != nil {
		return nil, err
	}
	if h.Size > d.Size {
		return nil, fmt.Errorf("%v of %v: %w", h.Size, d.Size, ErrSmallDevice)
	}
	found, err := disk.Signatures(d, d.Size)
	if err != nil {
		return nil, err
	}
	foreign := slices.DeleteFunc(slices.Clone(found), func(f disk.Signature) bool { return old != nil && f.Type == "LVM2_member" })
	if len(foreign) > 0 && !r.Force {
		return nil, &NotEmptyError{Path: d.Path, Found: foreign}
	}
	pv := &DiskPV{Device: d, Header: h}
	if err := wipe(d, found); err != nil {
		return nil, err
	}
	return pv, s.install(pv, r.IgnoreAreas)
}

// onDevice returns the PV that is on d already, or nil. It refuses one that is not
// free.
func (s *Scan) onDevice(d *Device, force bool) (*DiskPV, error) {
	if s.only != "" {
		return nil, ErrPartScan
	}
	for _, pv := range s.PVs {
		if pv.Device != d && (d.same == [2]uint64{} || pv.Device.same != d.same) {
			continue
		}
		switch {
		case pv.VG != nil:
			return nil, fmt.Errorf("in VG %s: %w", pv.VG.VG.Name, ErrNotFree)
		case pv.Header.Used() && !force:
			return nil, fmt.Errorf("its header says that a VG uses it: %w", ErrNotFree)
		case pv.hasText() && !force:
			return nil, fmt.Errorf("it has metadata: %w", ErrNotFree)
		}
		return pv, nil
	}
	return nil, nil
}

// hasText reports whether an area holds a text that counts.
func (p *DiskPV) hasText() bool {
	return slices.ContainsFunc(p.Areas, func(a *DiskArea) bool { return !a.Damaged && !a.Committed.Empty() })
}

// wipe overwrites the sectors of the signatures, and those that may have a label.
func wipe(d *Device, found []disk.Signature) error {
	runs := []disk.Run{{Start: 0, Size: disk.LabelScanSize}}
	for _, f := range found {
		runs = append(runs, f.Sectors())
	}
	for _, r := range runs {
		r.Size = min(r.Size, d.Size-r.Start)
		if _, err := d.WriteAt(make([]byte, r.Size), int64(r.Start)); err != nil {
			return fmt.Errorf("wipe: %w", err)
		}
	}
	if err := d.Sync(); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

// wipedArea is how much pvcreate overwrites at the start of a metadata area.
const wipedArea = 4 * units.KiB

// install writes the areas of a new PV, and then its label, and puts it into the
// scan.
func (s *Scan) install(pv *DiskPV, ignore bool) error {
	for _, at := range pv.Header.Metadata {
		a := &DiskArea{AreaHeader: disk.AreaHeader{Area: at}}
		if _, err := pv.Device.WriteAt(make([]byte, min(wipedArea, at.Size)), int64(at.Start)); err != nil {
			return deviceError(pv, "wipe metadata area", err)
		}
		h := a.AreaHeader
		if ignore {
			h.Committed.Flags = disk.FlagIgnored
		}
		if err := pv.writeArea(a, h); err != nil {
			return err
		}
		pv.Areas = append(pv.Areas, a)
	}
	if err := pv.Device.Sync(); err != nil {
		return deviceError(pv, "flush", err)
	}
	if err := pv.writeLabel(pv.Header); err != nil {
		return err
	}
	if err := pv.Device.Sync(); err != nil {
		return deviceError(pv, "flush", err)
	}
	s.replace(pv)
	return nil
}

// replace puts pv into the scan, for what was on its device.
func (s *Scan) replace(pv *DiskPV) {
	s.drop(pv.Device)
	s.PVs = append(s.PVs, pv)
}

// drop takes what is on a device out of the scan.
func (s *Scan) drop(d *Device) {
	s.PVs = slices.DeleteFunc(s.PVs, func(pv *DiskPV) bool { return pv.Device == d })
	s.forgive(d)
	for _, g := range s.VGs {
		g.Outdated = slices.DeleteFunc(g.Outdated, func(pv *DiskPV) bool { return pv.Device == d })
	}
}

// forgive takes the faults of a device out of the scan.
func (s *Scan) forgive(d *Device) {
	s.Faults = slices.DeleteFunc(s.Faults, func(f *Fault) bool { return f.Name == d.Path })
}

// RemovePV makes a device no PV any more, as pvremove does: the label is
// overwritten. A PV of a VG is [ErrNotFree]; so is one that says that it is in use,
// or has metadata, except by force. The locks and the device are as for
// [Scan.CreatePV].
func (s *Scan) RemovePV(pv *DiskPV, force bool) error {
	if _, err := s.onDevice(pv.Device, force); err != nil {
		return fmt.Errorf("remove PV %s: %w", pv.Device.Path, err)
	}
	var b [disk.LabelScanSize]byte
	n, err := pv.Device.ReadAt(b[:], 0)
	if n < len(b) {
		return fmt.Errorf("remove PV %s: %w", pv.Device.Path, err)
	}
	// As lvm2, all labels go, and what else is in these sectors stays.
	for at := 0; at < len(b); at += units.SectorSize {
		if string(b[at:at+8]) != "LABELONE" {
			continue
		}
		if _, err := pv.Device.WriteAt(make([]byte, units.SectorSize), int64(at)); err != nil {
			return fmt.Errorf("remove PV %s: %w", pv.Device.Path, err)
		}
	}
	if err := pv.Device.Sync(); err != nil {
		return fmt.Errorf("remove PV %s: %w", pv.Device.Path, err)
	}
	s.drop(pv.Device)
	return nil
}
