package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

func TestResizePV(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	devices := d.devices()
	s := lvm.ScanDevices(devices, lvm.ScanOptions{})
	for _, layout := range []disk.Layout{{Size: 6 * mib}, {Size: 6 * mib, SecondArea: true}} {
		pv, err := s.CreatePV(devices[0], lvm.CreatePV{Layout: layout, IgnoreAreas: true})
		require.NoError(t, err)
		for _, size := range []units.Bytes{0, 5 * mib, 4*mib + 512, 8 * mib} {
			h, err := pv.Resized(size)
			require.NoError(t, err)
			require.NoError(t, s.ResizePV(pv, h))
			if size == 0 {
				size = 8 * mib
			}
			fresh := d.scan()
			require.Empty(t, fresh.AllFaults())
			require.Equal(t, size, fresh.PVs[0].Header.Size)
			require.Equal(t, pv.Header, fresh.PVs[0].Header)
			require.Len(t, pv.Areas, len(h.Metadata))
			for i, a := range fresh.PVs[0].Areas {
				require.Equal(t, h.Metadata[i], a.Area)
				require.True(t, a.Ignored())
			}
		}
	}
	pv := s.PVs[0]
	_, err := pv.Resized(9 * mib)
	require.ErrorIs(t, err, lvm.ErrSmallDevice)
	_, err = pv.Resized(mib)
	require.ErrorIs(t, err, disk.ErrLayout)
	h := pv.Header
	h.ID = lvm.NewID()
	require.ErrorIs(t, s.ResizePV(pv, h), lvm.ErrUnknownHeader)
	h = pv.Header
	h.Data.Start = 512
	require.ErrorIs(t, s.ResizePV(pv, h), disk.ErrDamaged)
	h, err = pv.Resized(7 * mib)
	require.NoError(t, err)
	for _, what := range []string{"write", "flush"} {
		for n := range 2 {
			left := n
			d[0].fail = func(kind string, _ int64) error {
				if kind == what {
					left--
				}
				if left == -1 && kind == what {
					return errMedium
				}
				return nil
			}
			require.ErrorIs(t, s.ResizePV(pv, h), errMedium)
			d[0].fail = nil
			s = lvm.ScanDevices(devices, lvm.ScanOptions{})
			require.Empty(t, s.AllFaults())
			pv = s.PVs[0]
		}
	}

	// A PV of a VG is resized by a commit.
	d = newDisks(8*mib, 8*mib)
	s, _ = d.committed(t, "vg", 1)
	h, err = s.PVs[0].Resized(7 * mib)
	require.NoError(t, err)
	require.ErrorIs(t, s.ResizePV(s.PVs[0], h), lvm.ErrNotFree)
	require.EqualValues(t, 12, lvm.CountExtents(h, 1024))
	require.Zero(t, lvm.CountExtents(h, 0))
}

// The only area of a VG that has the text moves, also over itself.
func TestResizeOnlyArea(t *testing.T) {
	var d disks
	var s *lvm.Scan
	var g *lvm.DiskVG
	start := func(size units.Bytes) {
		d = newDisks(8 * mib)
		s = d.pvs(t, &lvm.CreatePV{Layout: disk.Layout{Size: size, SecondArea: true, Alignment: 4096}})
		vg := newVG(s, "vg", 1, 0)
		vg.MetadataCopies = 1
		putHeader(t, s.PVs[0], 0, func(h *disk.AreaHeader) { h.Committed.Flags = disk.FlagIgnored })
		s = d.scan()
		var err error
		g, err = s.Commit(lvm.CommitRequest{New: vg})
		require.NoError(t, err)
		require.True(t, g.PVs[0].Areas[0].Ignored())
	}
	resize := func(size units.Bytes) error {
		h, err := s.PVs[0].Resized(size)
		require.NoError(t, err)
		vg := g.VG.Clone()
		vg.PVs[0] = vg.PVs[0].Clone()
		vg.PVs[0].Size, vg.PVs[0].Count = size.SectorsRoundDown(), lvm.CountExtents(h, 1024)
		next, err := s.Commit(lvm.CommitRequest{VG: g, New: vg, Headers: map[lvm.ID]disk.PVHeader{g.VG.PVs[0].ID: h}})
		if err == nil {
			g = next
			require.Empty(t, d.scan().AllFaults())
			require.Equal(t, textOf(d.scan()), textOf(s))
			require.Equal(t, h, d.scan().PVs[0].Header)
		}
		return err
	}
	const little = 4096
	for _, sizes := range [][2]units.Bytes{
		{8 * mib, 6 * mib}, {6 * mib, 8 * mib}, {8 * mib, 8*mib - mib/2}, {7 * mib, 7*mib + mib/2}, {8 * mib, 8*mib - little}, {7 * mib, 7*mib + little},
	} {
		start(sizes[0])
		require.NoError(t, resize(sizes[1]))
		require.True(t, g.PVs[0].Areas[0].Ignored())
		require.False(t, g.PVs[0].Areas[1].Ignored())
	}
	h := s.PVs[0].Header
	h.ID = lvm.NewID()
	_, err := s.Commit(lvm.CommitRequest{VG: g, New: g.VG, Headers: map[lvm.ID]disk.PVHeader{g.VG.PVs[0].ID: h}})
	require.ErrorIs(t, err, lvm.ErrUnknownHeader)
}
