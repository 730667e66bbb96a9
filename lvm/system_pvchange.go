package lvm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

// ErrNotInVG says that a PV is in no VG, where something is asked for that only a
// VG's text holds.
var ErrNotInVG = errors.New("PV is in no VG")

// ChangePVs changes PVs, by device or ID, of one VG or several: one commit for
// each VG. plan makes the operation for one of them. It goes on after a VG that
// fails, and returns all errors joined. A PV that is in no VG is [ErrNotInVG].
func (s *System) ChangePVs(ctx context.Context, names []string, plan func(g *DiskVG, id ID) (Op, error)) ([]*Change, error) {
	return s.changePVs(ctx, names, ChangeOptions{}, plan)
}

func (s *System) changePVs(ctx context.Context, names []string, o ChangeOptions, plan func(g *DiskVG, id ID) (Op, error)) ([]*Change, error) {
	vgs, members, err := s.vgsOf(ctx, names)
	if err != nil {
		return nil, err
	}
	var changes []*Change
	var errs []error
	for _, vg := range vgs {
		r := host.LockRequest{Global: host.Shared, VGs: []string{vg}, Mode: host.Exclusive}
		c, err := s.change(ctx, vg, r, ScanOptions{VG: vg}, o, func(g *DiskVG) ([]Op, error) {
			var ops []Op
			for _, name := range members[vg] {
				id, err := g.FindPV(name)
				if err != nil {
					return nil, err
				}
				op, err := plan(g, id)
				if err != nil {
					return nil, err
				}
				ops = append(ops, op)
			}
			return ops, nil
		})
		if c != nil {
			changes = append(changes, c)
		}
		errs = append(errs, err)
	}
	return changes, errors.Join(errs...)
}

// vgsOf finds the VGs that PVs are in, by a look that the change does not rely on:
// under the VG's lock its PVs are looked for anew.
func (s *System) vgsOf(ctx context.Context, names []string) (vgs []string, members map[string][]string, err error) {
	scan, err := s.Scan(ctx, ScanOptions{})
	if err != nil {
		return nil, nil, err
	}
	members = map[string][]string{}
	for _, name := range names {
		pv, err := scan.FindPV(name)
		switch {
		case err != nil:
			return nil, nil, err
		case pv.VG == nil:
			return nil, nil, fmt.Errorf("%s: %w", name, ErrNotInVG)
		}
		vg := pv.VG.VG.Name
		if members[vg] == nil {
			vgs = append(vgs, vg)
		}
		members[vg] = append(members[vg], name)
	}
	return vgs, members, nil
}

// FindPV returns the PV on the device of that path, of another path to it, or with
// that ID. It fails with [fs.ErrNotExist] or [ErrDuplicatePV].
func (s *Scan) FindPV(name string) (*DiskPV, error) {
	pv, err := s.PV(name)
	if err == nil || errors.Is(err, ErrDuplicatePV) {
		return pv, err
	}
	key, keyErr := fileKey(name)
	if keyErr != nil {
		if _, idErr := ParseID(name); idErr == nil {
			return nil, err
		}
		return nil, keyErr
	}
	for _, pv := range s.PVs {
		if pv.Device.same == key {
			return pv, nil
		}
	}
	return nil, fmt.Errorf("%s is no PV: %w", name, fs.ErrNotExist)
}

// ResizePV gives a PV, by device or ID, the size of its device (0), or the one that
// is asked for. What is in a VG gets more extents, or gives up free ones at its end.
func (s *System) ResizePV(ctx context.Context, name string, size units.Bytes) error {
	o := ChangeOptions{headers: map[ID]disk.PVHeader{}}
	_, err := s.changePVs(ctx, []string{name}, o, func(g *DiskVG, id ID) (Op, error) {
		for _, pv := range g.PVs {
			if pv == nil || pv.ID() != id {
				continue
			}
			h, err := pv.Resized(size)
			if err != nil {
				return nil, err
			}
			// lvm2 leaves the header as it is, unless an area has to move.
			if !slices.Equal(h.Metadata, pv.Header.Metadata) {
				o.headers[id] = h
			}
			return ResizePV{PV: id, Size: h.Size.SectorsRoundDown(), End: h.DataEnd().SectorsRoundDown()}, nil
		}
		return nil, &OpError{Op: "resize PV", Object: name, Err: ErrMissingPV}
	})
	if errors.Is(err, ErrNotInVG) {
		return s.resizeOrphan(ctx, name, size)
	}
	return err
}

// resizeOrphan resizes a PV that is in no VG.
func (s *System) resizeOrphan(ctx context.Context, name string, size units.Bytes) (err error) {
	t, err := s.begin(ctx, everything(), ScanOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	pv, err := t.scan.FindPV(name)
	if err != nil {
		return err
	}
	h, err := pv.Resized(size)
	if err != nil {
		return err
	}
	if err := pv.Device.Upgrade(Exclusive); err != nil {
		return err
	}
	return t.scan.ResizePV(pv, h)
}
