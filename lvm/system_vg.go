package lvm

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rok-storage/rok/lvm/host"
)

// everything is the lock of what changes the set of PVs and VGs.
func everything(vgs ...string) host.LockRequest {
	return host.LockRequest{Global: host.Exclusive, VGs: vgs, Mode: host.Exclusive}
}

// CreateVG makes a VG of devices. Those that are no PVs become some, as pv says.
// The PVs and the system ID of r are filled in.
func (s *System) CreateVG(ctx context.Context, r CreateVG, devices []string, pv NewPVOptions) (c *Change, err error) {
	if err := CheckVGName(r.Name); err != nil {
		return nil, &OpError{Op: "create VG", Object: r.Name, Err: err}
	}
	t, err := s.begin(ctx, everything(r.Name), ScanOptions{}, devices...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if _, err := t.scan.VG(r.Name); err == nil || errors.Is(err, ErrSameName) {
		return nil, &OpError{Op: "create VG", Object: r.Name, Err: ErrExists}
	}
	// Everything that can be refused is, before anything is written to a device.
	if r.SystemID == "" {
		r.SystemID = s.Settings().SystemID
	}
	if r.ExtentSize == 0 {
		r.ExtentSize = s.Settings().ExtentSize
	}
	joining, err := t.candidates(devices, pv)
	if err != nil {
		return nil, &OpError{Op: "create VG", Object: r.Name, Err: err}
	}
	r.PVs = plannedPVs(joining)
	if _, err := NewVG(r, s.stamp()); err != nil {
		return nil, err
	}
	c = &Change{Names: []string{r.Name}}
	if r.PVs, err = t.enlist(ctx, c, joining); err != nil {
		return nil, err
	}
	vg, err := NewVG(r, s.stamp())
	if err != nil {
		return nil, err
	}
	return c, t.applyNew(c, nil, vg)
}

// ExtendVG adds devices to a VG. Those that are no PVs become some, as pv says.
func (s *System) ExtendVG(ctx context.Context, vg string, devices []string, pv NewPVOptions) (c *Change, err error) {
	t, err := s.begin(ctx, everything(vg), ScanOptions{}, devices...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	g, err := t.find(vg)
	if err != nil {
		return nil, err
	}
	joining, err := t.candidates(devices, pv)
	if err != nil {
		return nil, &OpError{Op: "extend VG", Object: vg, Err: err}
	}
	if _, err := Apply(g.VG, s.stamp(), AddPVs{PVs: plannedPVs(joining)}); err != nil {
		return nil, err
	}
	c = &Change{Before: g.VG}
	pvs, err := t.enlist(ctx, c, joining)
	if err != nil {
		return nil, err
	}
	next, err := Apply(g.VG, s.stamp(), AddPVs{PVs: pvs})
	if err != nil {
		return nil, err
	}
	for _, j := range joining {
		c.Names = append(c.Names, j.device.Path)
	}
	return c, t.applyNew(c, g, next)
}

// applyNew commits a VG that has new PVs, and no new LVs.
func (t *session) applyNew(c *Change, g *DiskVG, next *VG) error {
	done, err := t.commit(c, g, next, nil)
	if err != nil {
		return err
	}
	c.After = done.VG
	t.backup(c, done.VG)
	return nil
}

// ReduceVG takes PVs, by device or ID, out of a VG; they stay PVs. No devices:
// all that nothing lies on but one.
func (s *System) ReduceVG(ctx context.Context, vg string, devices []string) (*Change, error) {
	c, err := s.change(ctx, vg, everything(vg), ScanOptions{}, ChangeOptions{}, func(g *DiskVG) ([]Op, error) {
		if len(devices) == 0 {
			return g.unusedPVs(), nil
		}
		return g.eachPV(devices, func(id ID) Op { return RemovePV{PV: id} })
	})
	if err == nil {
		s.forgetPVs(c)
	}
	return c, err
}

// eachPV makes an operation for each of the PVs that are named.
func (g *DiskVG) eachPV(names []string, op func(ID) Op) ([]Op, error) {
	var ops []Op
	for _, name := range names {
		id, err := g.FindPV(name)
		if err != nil {
			return nil, err
		}
		ops = append(ops, op(id))
	}
	return ops, nil
}

// unusedPVs are the operations that remove all PVs that have no used extents, but
// for the last one of a VG. One that is missing is another matter.
func (g *DiskVG) unusedPVs() (ops []Op) {
	for i, line := range g.VG.ReportPVs() {
		if line.UsedExtents == 0 && len(ops) < len(g.VG.PVs)-1 && g.PVs[i] != nil {
			ops = append(ops, RemovePV{PV: g.VG.PVs[i].ID})
		}
	}
	return ops
}

// forgetPVs tells what lvm2 knows of a VG's PVs that have left.
func (s *System) forgetPVs(c *Change) {
	if s.host == nil || c.Before == nil {
		return
	}
	var gone []string
	for _, pv := range c.Before.PVs {
		if c.After == nil || c.After.PV(pv.ID) == nil {
			gone = append(gone, pv.ID.Compact())
		}
	}
	if c.After == nil || c.After.Name != c.Before.Name {
		c.warn(s.host.ForgetVG(c.Before.Name, gone...))
		c.warn(s.host.RemoveBackup(c.Before.Name))
		return
	}
	if len(gone) > 0 {
		c.warn(s.host.ForgetPVs(gone...))
	}
}

// RenameVG gives a VG, by name or ID, another name.
func (s *System) RenameVG(ctx context.Context, vg, to string) (c *Change, err error) {
	if err := CheckVGName(to); err != nil {
		return nil, &OpError{Op: "rename VG", Object: vg, Err: err}
	}
	from := vg
	if _, err := ParseID(vg); err == nil && s.host != nil {
		// The lock is that of the name.
		scan, err := s.Scan(ctx, ScanOptions{})
		if err != nil {
			return nil, err
		}
		g, err := scan.VG(vg)
		if err != nil {
			return nil, err
		}
		from = g.VG.Name
	}
	t, err := s.begin(ctx, everything(from, to), ScanOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	g, err := t.find(vg)
	if err != nil {
		return nil, err
	}
	if _, err := t.scan.VG(to); err == nil || errors.Is(err, ErrSameName) {
		return nil, &OpError{Op: "rename VG", Object: vg, Reason: "to " + to, Err: ErrExists}
	}
	c, err = t.change(ctx, g, ChangeOptions{}, func(*DiskVG) ([]Op, error) { return []Op{RenameVG{To: to}}, nil })
	if err == nil {
		s.forgetPVs(c)
	}
	return c, err
}

// RemoveVG removes a VG; its devices stay PVs. One that has LVs is refused with
// [ErrHasLVs], unless they are to go too.
func (s *System) RemoveVG(ctx context.Context, vg string, withLVs bool, o ChangeOptions) (c *Change, err error) {
	t, err := s.begin(ctx, everything(vg), ScanOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	g, err := t.find(vg)
	if err != nil {
		return nil, err
	}
	before := g.VG
	if len(before.LVs) > 0 {
		if !withLVs {
			return nil, &OpError{Op: "remove VG", Object: vg, Reason: volumeCount(before), Err: ErrHasLVs}
		}
		if _, err := t.change(ctx, g, o, func(g *DiskVG) ([]Op, error) { return removeAll(g.VG), nil }); err != nil {
			return nil, err
		}
		if g, err = t.find(vg); err != nil {
			return nil, err
		}
	}
	c = &Change{Before: before, Names: []string{before.Name}}
	if _, err := t.commitRequest(c, CommitRequest{VG: g}); err != nil {
		return nil, err
	}
	s.forgetPVs(c)
	return c, nil
}

func volumeCount(vg *VG) string {
	n := vg.Report().LVs
	if n == 1 {
		return "1 volume"
	}
	return fmt.Sprintf("%d volumes", n)
}

// removeAll are the operations that remove all LVs: pools with their volumes, which
// then need not be told, and of others those that stand on another first.
func removeAll(vg *VG) (ops []Op) {
	r := relationsOf(vg)
	var pools, snapshots, others []Op
	for _, lv := range vg.LVs {
		if !r.isVolume(lv) {
			continue
		}
		op := RemoveLV{Name: lv.Name, WithDependents: true}
		switch t := only(lv).(type) {
		case *ThinPool:
			pools = append(pools, op)
		case *Thin:
			if r.lvs[t.Pool] == nil {
				others = append(others, op)
			}
		default:
			if r.cow[lv.Name] != nil {
				snapshots = append(snapshots, op)
			} else {
				others = append(others, op)
			}
		}
	}
	return slices.Concat(pools, snapshots, others)
}
