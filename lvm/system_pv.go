package lvm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/lvm/host"
)

// NewPVOptions say what devices that become PVs are to be. The zero value is what
// lvm2 makes of them.
type NewPVOptions struct {
	// Layout is where the areas are to be. Zero fields: as lvm2's settings and the
	// device's own alignment have it.
	Layout      disk.Layout
	ID          ID   // of the only device; zero: a new one
	IgnoreAreas bool // as of [CreatePV], and so the next
	Force       bool
}

// candidatePV is a device that is to be a PV of a VG.
type candidatePV struct {
	device *Device
	pv     *DiskPV // it is one
	create CreatePV
	plan   NewPV
}

// candidates finds out what the named devices are, and refuses what cannot become
// a PV of a VG.
func (t *session) candidates(paths []string, o NewPVOptions) ([]*candidatePV, error) {
	var all []*candidatePV
	for _, path := range paths {
		d, err := t.device(path)
		if err != nil {
			return nil, err
		}
		c := &candidatePV{device: d, pv: t.onDevice(d)}
		switch {
		case c.pv == nil:
			c.create = t.s.newPVRequest(d, o)
			h, err := c.create.Layout.Header(c.create.ID)
			if err != nil {
				return nil, fmt.Errorf("create PV %s: %w", path, err)
			}
			c.plan = plannedPV(d, h)
		case c.pv.VG != nil:
			return nil, fmt.Errorf("PV %s: in VG %s: %w", path, c.pv.VG.VG.Name, ErrNotFree)
		default:
			c.plan = plannedPV(d, c.pv.Header)
		}
		all = append(all, c)
	}
	// lvm2 has those that are PVs already in front: pvcreate_each_device of
	// tools/toollib.c.
	slices.SortStableFunc(all, func(a, b *candidatePV) int {
		rank := map[bool]int{true: 1}
		return rank[a.pv == nil] - rank[b.pv == nil]
	})
	return all, nil
}

// device returns the device that is named, by its path or another one.
func (t *session) device(path string) (*Device, error) {
	for _, d := range t.set.list {
		if d.Path == path {
			return d, nil
		}
	}
	key, err := fileKey(path)
	if err != nil {
		return nil, err
	}
	for _, d := range t.set.list {
		if d.same == key {
			return d, nil
		}
	}
	return nil, fmt.Errorf("device %s: %w", path, fs.ErrNotExist)
}

// onDevice returns the PV that is on d, or nil.
func (t *session) onDevice(d *Device) *DiskPV {
	for _, pv := range t.scan.PVs {
		if pv.Device == d {
			return pv
		}
	}
	return nil
}

// newPVRequest fills in what the settings and the device say.
func (s *System) newPVRequest(d *Device, o NewPVOptions) CreatePV {
	set := s.Settings()
	r := CreatePV(o)
	if r.ID.IsZero() {
		r.ID = s.cfg.NewID()
	}
	switch copies := set.PVMetadataCopies; {
	case r.Layout.NoMetadata || r.Layout.SecondArea || o.IgnoreAreas:
	case copies == 0:
		r.Layout.NoMetadata = true
	case copies == 2:
		r.Layout.SecondArea = true
	}
	r.Layout = s.layout(d, r.Layout)
	return r
}

// plannedPV is what a VG that it joins has to know of a PV with that header.
func plannedPV(d *Device, h disk.PVHeader) NewPV {
	n := NewPV{
		ID: h.ID, Device: d.Path, Size: h.Size.SectorsRoundDown(),
		Start: h.Data.Start.SectorsRoundDown(), End: h.DataEnd().SectorsRoundDown(),
	}
	if h.Boot.Size != 0 {
		n.BootStart, n.BootLength = h.Boot.Start.SectorsRoundDown(), h.Boot.Size.SectorsRoundDown()
	}
	return n
}

func plannedPVs(all []*candidatePV) []NewPV {
	var pvs []NewPV
	for _, c := range all {
		pvs = append(pvs, c.plan)
	}
	return pvs
}

// enlist makes PVs of those candidates that are none, has lvm2's list of devices
// have all of them, and returns what the VG is to say.
func (t *session) enlist(ctx context.Context, c *Change, all []*candidatePV) ([]NewPV, error) {
	for _, j := range all {
		if j.pv != nil {
			continue
		}
		if err := j.device.Upgrade(Exclusive); err != nil {
			return nil, err
		}
		pv, err := t.scan.CreatePV(j.device, j.create)
		if err != nil {
			return nil, err
		}
		j.pv = pv
	}
	var pvs []NewPV
	for _, j := range all {
		id, listed, err := t.list(ctx, j.device, j.pv.ID())
		if err != nil {
			c.warn(err)
		}
		if listed {
			j.plan.DeviceIDType, j.plan.DeviceID = string(id.Type), id.Name
		}
		pvs = append(pvs, j.plan)
	}
	return pvs, nil
}

// list puts a device into lvm2's devices file, where there is one.
func (t *session) list(ctx context.Context, d *Device, id ID) (host.DeviceID, bool, error) {
	s := t.s
	if s.host == nil || d.IsFile() {
		return host.DeviceID{}, false, nil
	}
	have, err := s.host.Devices(ctx)
	if have == nil || err != nil {
		return host.DeviceID{}, false, err
	}
	about, err := s.host.Device(d.Path)
	if err != nil {
		return host.DeviceID{}, false, err
	}
	return about.ID(), true, s.host.PutDevice(ctx, about, id.Compact())
}

// CreatePVs makes PVs of devices. It goes on after one that fails, and returns all
// errors joined.
func (s *System) CreatePVs(ctx context.Context, devices []string, o NewPVOptions) (pvs []*DiskPV, err error) {
	t, err := s.begin(ctx, everything(), ScanOptions{}, devices...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	var errs []error
	for _, path := range devices {
		pv, err := t.createPV(ctx, path, o)
		if pv != nil {
			pvs = append(pvs, pv)
		}
		errs = append(errs, err)
	}
	return pvs, errors.Join(errs...)
}

func (t *session) createPV(ctx context.Context, path string, o NewPVOptions) (*DiskPV, error) {
	d, err := t.device(path)
	if err != nil {
		return nil, err
	}
	if old := t.onDevice(d); old != nil && old.VG != nil {
		return nil, fmt.Errorf("create PV %s: in VG %s: %w", path, old.VG.VG.Name, ErrNotFree)
	}
	if err := d.Upgrade(Exclusive); err != nil {
		return nil, err
	}
	pv, err := t.scan.CreatePV(d, t.s.newPVRequest(d, o))
	if err != nil {
		return nil, err
	}
	_, _, err = t.list(ctx, d, pv.ID())
	return pv, err
}

// RemovePVs makes devices no PVs any more. It goes on after one that fails, and
// returns all errors joined.
func (s *System) RemovePVs(ctx context.Context, devices []string, force bool) (removed []*DiskPV, err error) {
	t, err := s.begin(ctx, everything(), ScanOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	var errs []error
	for _, name := range devices {
		pv, err := t.removePV(ctx, name, force)
		if pv != nil {
			removed = append(removed, pv)
		}
		errs = append(errs, err)
	}
	return removed, errors.Join(errs...)
}

func (t *session) removePV(ctx context.Context, name string, force bool) (*DiskPV, error) {
	pv, err := t.scan.FindPV(name)
	if err != nil {
		return nil, err
	}
	if pv.VG != nil {
		return nil, fmt.Errorf("remove PV %s: in VG %s: %w", name, pv.VG.VG.Name, ErrNotFree)
	}
	if err := pv.Device.Upgrade(Exclusive); err != nil {
		return nil, err
	}
	if err := t.scan.RemovePV(pv, force); err != nil {
		return nil, err
	}
	if t.s.host == nil {
		return pv, nil
	}
	return pv, errors.Join(t.s.host.ClearDevice(ctx, pv.ID().Compact()), t.s.host.ForgetPVs(pv.ID().Compact()))
}

// FindPV returns the ID of the VG's PV on the device of that path, of another path
// to it, or with that ID. It fails with [ErrNotFound].
func (g *DiskVG) FindPV(name string) (ID, error) {
	key, err := fileKey(name)
	for i, pv := range g.VG.PVs {
		d := g.PVs[i]
		if pv.ID.String() == name || d != nil && (d.Device.Path == name || err == nil && d.Device.same == key) {
			return pv.ID, nil
		}
	}
	for _, pv := range g.VG.PVs {
		if pv.Device == name {
			return pv.ID, nil
		}
	}
	return ID{}, &OpError{Op: "find PV", Object: name, Reason: "in VG " + g.VG.Name, Err: ErrNotFound}
}
