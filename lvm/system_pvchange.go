package lvm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

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
	vgs, members, err := s.vgsOf(ctx, names)
	if err != nil {
		return nil, err
	}
	var changes []*Change
	var errs []error
	for _, vg := range vgs {
		r := host.LockRequest{Global: host.Shared, VGs: []string{vg}, Mode: host.Exclusive}
		c, err := s.change(ctx, vg, r, ScanOptions{VG: vg}, ChangeOptions{}, func(g *DiskVG) ([]Op, error) {
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

// ResizePV gives a PV, by device or ID, the size of its device, or the one that is
// asked for. What is in a VG gets more extents, or gives up free ones at its end.
func (s *System) ResizePV(ctx context.Context, name string, size units.Bytes) error {
	_, err := s.ChangePVs(ctx, []string{name}, func(g *DiskVG, id ID) (Op, error) {
		i := pvPosition(g.VG, id)
		pv := g.PVs[i]
		if pv == nil {
			return nil, &OpError{Op: "resize PV", Object: name, Err: ErrMissingPV}
		}
		h, err := resized(pv, size)
		if err != nil {
			return nil, err
		}
		return ResizePV{PV: id, Size: h.Size.SectorsRoundDown(), End: h.DataEnd().SectorsRoundDown()}, nil
	})
	if errors.Is(err, ErrNotInVG) {
		return s.resizeOrphan(ctx, name, size)
	}
	return err
}

func pvPosition(vg *VG, id ID) int {
	for i, pv := range vg.PVs {
		if pv.ID == id {
			return i
		}
	}
	return -1
}

// resized is the header of a PV of another size. One with a metadata area at its
// end cannot have another.
func resized(pv *DiskPV, size units.Bytes) (disk.PVHeader, error) {
	h := pv.Header
	if size == 0 {
		size = pv.Device.Size
	}
	refused := func(err error, format string, args ...any) (disk.PVHeader, error) {
		return h, &OpError{Op: "resize PV", Object: pv.Device.Path, Reason: fmt.Sprintf(format, args...), Err: err}
	}
	size &^= units.SectorSize - 1
	if size > pv.Device.Size {
		return refused(ErrInvalid, "the device has %s", pv.Device.Size.Human())
	}
	for _, a := range h.Metadata {
		if a.Start >= h.Data.Start {
			return refused(ErrNotSupported, "it has a metadata area at its end")
		}
	}
	if size < disk.MinSize || size <= h.Data.Start {
		return refused(ErrInvalid, "%s is too small", size.Human())
	}
	h.Size = size
	return h, nil
}

// resizeOrphan writes the label of a PV that is in no VG.
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
	if pv.VG != nil {
		return fmt.Errorf("resize PV %s: %w", name, ErrChanged)
	}
	h, err := resized(pv, size)
	if err != nil {
		return err
	}
	if err := pv.Device.Upgrade(Exclusive); err != nil {
		return err
	}
	if err := pv.writeLabel(h); err != nil {
		return err
	}
	return deviceError(pv, "flush", pv.Device.Sync())
}
