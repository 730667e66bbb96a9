package lvm_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// change is something that is done to devices, while the power may fail.
type change struct {
	name   string
	disks  int
	create *lvm.CreatePV // how PVs are made of them; nil: as pvcreate does
	// before makes what is there, without power cuts.
	before func(t *testing.T, d disks, s *lvm.Scan)
	// do is what is cut off, and may fail where a device does.
	do func(t *testing.T, s *lvm.Scan) error
}

// start is what is there when do begins.
func (c change) start(t *testing.T) disks {
	d := newDisks()
	for range c.disks {
		d = append(d, newSparse(8*mib))
	}
	c.before(t, d, d.pvs(t, c.create))
	return d
}

// vgOf is the VG that a scan found, which may be none.
func vgOf(t *testing.T, s *lvm.Scan) *lvm.DiskVG {
	t.Helper()
	require.LessOrEqual(t, len(s.VGs), 1)
	if len(s.VGs) == 0 {
		return nil
	}
	return s.VGs[0]
}

// members makes a VG of k PVs, and some older texts in the rings.
func members(k, lvs int) func(t *testing.T, d disks, s *lvm.Scan) {
	return func(t *testing.T, d disks, s *lvm.Scan) {
		g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", k, lvs)})
		require.NoError(t, err)
		for i := range 3 {
			g, err = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, fmt.Sprint("tag", i))})
			require.NoError(t, err)
		}
	}
}

// edited commits what edit makes of the VG.
func edited(edit func(s *lvm.Scan, vg *lvm.VG)) func(t *testing.T, s *lvm.Scan) error {
	return func(t *testing.T, s *lvm.Scan) error {
		g := vgOf(t, s)
		vg := g.VG.Clone()
		edit(s, vg)
		_, err := s.Commit(lvm.CommitRequest{VG: g, New: vg})
		return err
	}
}

// applied commits what operations make of the VG.
func applied(ops ...lvm.Op) func(t *testing.T, s *lvm.Scan) error {
	return func(t *testing.T, s *lvm.Scan) error {
		g := vgOf(t, s)
		vg, err := lvm.Apply(g.VG, lvm.Stamp{Time: 1700000000, Host: "host"}, ops...)
		require.NoError(t, err)
		_, err = s.Commit(lvm.CommitRequest{VG: g, New: vg})
		return err
	}
}

// resized makes all PVs of the VG that large; 0: as their devices.
func resized(size units.Bytes) func(t *testing.T, s *lvm.Scan) error {
	return func(t *testing.T, s *lvm.Scan) error {
		g := vgOf(t, s)
		vg, headers := g.VG.Clone(), map[lvm.ID]disk.PVHeader{}
		for i, d := range g.PVs {
			h, err := d.Resized(size)
			require.NoError(t, err)
			headers[d.ID()] = h
			pv := vg.PVs[i].Clone()
			pv.Size, pv.Count = h.Size.SectorsRoundDown(), lvm.CountExtents(h, vg.ExtentSize)
			vg.PVs[i] = pv
		}
		_, err := s.Commit(lvm.CommitRequest{VG: g, New: vg, Headers: headers})
		return err
	}
}

// changes are all kinds of commits, on n devices.
func changes(n int) []change {
	tag := edited(func(_ *lvm.Scan, vg *lvm.VG) { *vg = *tagged(vg, "new") })
	small := disk.Layout{MetadataSize: 32 << 10, Alignment: 4096}
	list := []change{
		{"create", n, nil, func(*testing.T, disks, *lvm.Scan) {}, func(t *testing.T, s *lvm.Scan) error {
			_, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", n, 2)})
			return err
		}},
		{"change", n, nil, members(n, 2), tag},
		{"change two areas", n, &lvm.CreatePV{Layout: disk.Layout{SecondArea: true}}, members(n, 2), tag},
		{"change around the ring", n, &lvm.CreatePV{Layout: small}, func(t *testing.T, d disks, s *lvm.Scan) {
			g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", n, 14)})
			require.NoError(t, err)
			for at := g.PVs[0].Areas[0]; at.Committed.Offset+2*at.Committed.Size < at.Size; {
				g, err = s.Commit(lvm.CommitRequest{VG: g, New: g.VG})
				require.NoError(t, err)
			}
		}, tag},
		{"rename", n, nil, members(n, 2), edited(func(_ *lvm.Scan, vg *lvm.VG) { vg.Name = "renamed" })},
		{"remove", n, nil, members(n, 0), func(t *testing.T, s *lvm.Scan) error {
			_, err := s.Commit(lvm.CommitRequest{VG: vgOf(t, s)})
			return err
		}},
		{"revert", n, nil, members(n, 2), func(t *testing.T, s *lvm.Scan) error {
			g := vgOf(t, s)
			_, err := s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "new"), Suspend: func(*lvm.VG) (func(bool) error, error) {
				return nil, errSuspend
			}})
			require.ErrorIs(t, err, errSuspend)
			return nil
		}},
		{"create LV", n, nil, members(n, 2), applied(lvm.CreateLV{Name: "new", Size: lvm.Amount{Extents: 3}})},
		{"extend LV", n, nil, members(n, 2), applied(lvm.ExtendLV{Name: "lv0", By: lvm.Amount{Extents: 2}})},
		{"remove LV", n, nil, members(n, 2), applied(lvm.RemoveLV{Name: "lv0"})},
		{"grow", n, &lvm.CreatePV{Layout: disk.Layout{Size: 6 * mib, SecondArea: true}}, members(n, 2), resized(0)},
		{"shrink", n, &lvm.CreatePV{Layout: disk.Layout{SecondArea: true}}, members(n, 2), resized(6 * mib)},
		// The new area lies in the old one.
		{"grow a little", n, &lvm.CreatePV{Layout: disk.Layout{Size: 6 * mib, SecondArea: true, Alignment: 4096}}, members(n, 2), resized(6*mib + mib/2)},
		{"shrink a little", n, &lvm.CreatePV{Layout: disk.Layout{SecondArea: true, Alignment: 4096}}, members(n, 2), resized(7*mib + mib/2)},
		// And over its text, or its header.
		{"grow by a page", n, &lvm.CreatePV{Layout: disk.Layout{Size: 6 * mib, SecondArea: true, Alignment: 4096}}, members(n, 2), resized(6*mib + 4096)},
		{"shrink by a page", n, &lvm.CreatePV{Layout: disk.Layout{SecondArea: true, Alignment: 4096}}, members(n, 10), resized(8*mib - 4096)},
		{"grow one area", n, &lvm.CreatePV{Layout: disk.Layout{Size: 6 * mib}}, members(n, 2), resized(0)},
		{"shrink one area", n, nil, members(n, 2), resized(6 * mib)},
		{"restore", n, nil, members(n, 2), func(t *testing.T, s *lvm.Scan) error {
			texts, errs := s.OldTexts("vg")
			require.Empty(t, errs)
			vg, err := texts[2].Read()
			require.NoError(t, err)
			_, err = s.Commit(lvm.CommitRequest{VG: vgOf(t, s), New: vg, Restore: true})
			return err
		}},
	}
	if n > 1 {
		list = append(list,
			change{"join", n, nil, members(n-1, 2), edited(func(s *lvm.Scan, vg *lvm.VG) {
				vg.PVs = append(vg.PVs, s.Orphans()[0].NewPV(vg.ExtentSize))
			})},
			change{"leave", n, nil, members(n, 2), edited(func(_ *lvm.Scan, vg *lvm.VG) { vg.PVs = vg.PVs[:n-1] })},
			change{"fewer copies", n, nil, members(n, 2), edited(func(_ *lvm.Scan, vg *lvm.VG) { vg.MetadataCopies = 1 })},
		)
	}
	return list
}

var errSuspend = fmt.Errorf("cannot suspend")
