package lvm

import (
	"context"
)

// RemoveMissing takes the PVs out of a VG whose devices are gone, and with them
// the LVs that have extents there, if that is asked for. It is ErrUnchanged where
// none is missing.
func (s *System) RemoveMissing(ctx context.Context, vg string, withLVs bool, o ChangeOptions) (*Change, error) {
	c, err := s.change(ctx, vg, everything(vg), ScanOptions{}, o, func(g *DiskVG) ([]Op, error) {
		var gone []ID
		for i, pv := range g.VG.PVs {
			if g.PVs[i] == nil {
				gone = append(gone, pv.ID)
			}
		}
		if len(gone) == 0 {
			return nil, &OpError{Op: "remove missing PVs", Object: vg, Reason: "no PV is missing", Err: ErrUnchanged}
		}
		return []Op{RemoveMissingPVs{PVs: gone, WithLVs: withLVs}}, nil
	})
	if err == nil {
		s.forgetPVs(c)
	}
	return c, err
}

// RestoreMissing takes PVs back, by device or ID, that a VG says are missing, and
// that are there.
func (s *System) RestoreMissing(ctx context.Context, vg string, devices []string) (*Change, error) {
	return s.change(ctx, vg, everything(vg), ScanOptions{}, ChangeOptions{}, func(g *DiskVG) ([]Op, error) {
		op := RestoreMissingPVs{}
		for _, name := range devices {
			id, err := g.FindPV(name)
			if err != nil {
				return nil, err
			}
			op.PVs = append(op.PVs, id)
		}
		return []Op{op}, nil
	})
}
