package lvm_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/lvm/text"
)

// What must not be written is not, and nothing is.
func TestCommitRefused(t *testing.T) {
	tests := []struct {
		name string
		// old makes the VG that is there something else; new is what it is to be, and r
		// may be changed too.
		old  func(vg *lvm.VG)
		new  func(vg *lvm.VG, s *lvm.Scan, r *lvm.CommitRequest)
		want error
		text string
	}{
		{"foreign system", func(vg *lvm.VG) { vg.SystemID = "host1" }, func(_ *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) { r.SystemID = "host2" }, lvm.ErrForeign, `commit VG vg: check: system ID "host1": VG belongs to another system`},
		{"own system", func(vg *lvm.VG) { vg.SystemID = "host1" }, func(_ *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) { r.SystemID = "host1" }, nil, ""},
		{"exported", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagExported) }, nil, lvm.ErrExported, ""},
		{"exported for good", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagExported) }, func(_ *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) { r.Import = true }, lvm.ErrExported, ""},
		{"imported", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagExported) }, func(vg *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) {
			vg.Status = vg.Status.Without(lvm.FlagExported)
			r.Import = true
		}, nil, ""},
		{"to be exported", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) { vg.Status = vg.Status.With(lvm.FlagExported) }, nil, ""},
		{"lvmlockd", func(vg *lvm.VG) { vg.LockType = "sanlock" }, nil, lvm.ErrShared, `lock type "sanlock"`},
		{"lvmlockd's flag", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagShared) }, nil, lvm.ErrShared, ""},
		{"lock type none", func(vg *lvm.VG) { vg.LockType = "none" }, nil, nil, ""},
		{"to be locked by lvmlockd", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) { vg.LockType = "dlm" }, lvm.ErrShared, ""},
		{"clustered", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagClustered) }, nil, lvm.ErrClustered, ""},
		{"read-only", func(vg *lvm.VG) { vg.Status = vg.Status.Without(lvm.FlagWrite) }, nil, lvm.ErrVGNotWritable, ""},
		{"write locked", func(vg *lvm.VG) {
			vg.Status = vg.Status.Without(lvm.FlagWrite)
			vg.Flags = vg.Flags.With(lvm.FlagWriteLocked)
		}, nil, nil, ""},
		{"last number", func(vg *lvm.VG) { vg.Seqno = math.MaxUint32 }, nil, lvm.ErrRange, "no number behind 4294967295"},
		{"unknown segment", func(vg *lvm.VG) {
			addSegment(vg, &lvm.Held{Type: "quantum", Nodes: []text.Node{{Key: "qubits", Raw: "5"}}})
		}, nil, lvm.ErrUnknownSegment, "LV odd: type quantum"},
		{"missing by its flag", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			pv := vg.PVs[0].Clone()
			pv.Flags = pv.Flags.With(lvm.FlagMissing)
			vg.PVs[0] = pv
		}, lvm.ErrMissingPV, "is said to be missing"},
		{"missing", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			pv := vg.PVs[0].Clone()
			pv.ID = lvm.NewID()
			vg.PVs = append(vg.PVs, pv)
		}, lvm.ErrMissingPV, ""},
		{"not a VG", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) { vg.Name = "a/b" }, lvm.ErrName, ""},
		{"nothing", nil, func(_ *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) { r.VG, r.New = nil, nil }, nil, "commit VG : check: neither a VG nor what it is to be"},
		{"has LVs", nil, func(_ *lvm.VG, _ *lvm.Scan, r *lvm.CommitRequest) { r.New = nil }, lvm.ErrHasLVs, ""},
		{"name of another", nil, func(vg *lvm.VG, s *lvm.Scan, _ *lvm.CommitRequest) {
			other := newVG(s, "other", 3, 0)
			other.PVs = other.PVs[2:]
			_, err := s.Commit(lvm.CommitRequest{New: other})
			require.NoError(t, err)
			vg.Name = "other"
		}, lvm.ErrSameName, ""},
		{"PV of another", nil, func(vg *lvm.VG, s *lvm.Scan, _ *lvm.CommitRequest) {
			other := newVG(s, "other", 3, 0)
			other.PVs = other.PVs[2:]
			_, err := s.Commit(lvm.CommitRequest{New: other})
			require.NoError(t, err)
			vg.PVs = append(vg.PVs, other.PVs...)
		}, lvm.ErrNotFree, "PV /dev/c: in VG other"},
		{"PV that is larger than its device", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			pv := vg.PVs[0].Clone()
			pv.Size++
			vg.PVs[0] = pv
		}, lvm.ErrSmallDevice, "the device has 16384 sectors, the VG says 16385"},
		{"more extents than the device has", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			pv := vg.PVs[0].Clone()
			pv.Size, pv.Count = 0, 15
			vg.PVs[0] = pv
		}, lvm.ErrSmallDevice, "15 extents of 1024 sectors from sector 2048 on, the device has 16384"},
		{"extents in the metadata area", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			pv := vg.PVs[0].Clone()
			pv.Start, pv.Count = 2040, 13
			vg.PVs[0] = pv
		}, lvm.ErrMisplaced, "extents are in sectors 2040 to 15352, a metadata area in 8 to 2048"},
		{"text too long", nil, func(vg *lvm.VG, _ *lvm.Scan, _ *lvm.CommitRequest) {
			for i := range 6000 {
				vg.Tags = append(vg.Tags, fmt.Sprintf("%0100d", i))
			}
		}, disk.ErrTextTooLong, "PV /dev/a: metadata area at byte 4096: text of "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDisks(8*mib, 8*mib, 8*mib)
			s := d.pvs(t, nil)
			vg := newVG(s, "vg", 2, 2)
			g, err := s.Commit(lvm.CommitRequest{New: vg})
			require.NoError(t, err)
			if test.old != nil {
				changed := g.VG.Clone()
				test.old(changed)
				plant(t, d, g, changed)
				s = d.scan()
				g, err = s.VG("vg")
				require.NoError(t, err)
			}
			r := lvm.CommitRequest{VG: g, New: g.VG.Clone()}
			if test.new != nil {
				test.new(r.New, s, &r)
			}
			before := d.clone()
			_, err = s.Commit(r)
			if test.want == nil && test.text == "" {
				require.NoError(t, err)
				return
			}
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
			require.ErrorContains(t, err, test.text)
			var commit *lvm.CommitError
			require.ErrorAs(t, err, &commit)
			require.Equal(t, "check", commit.Step)
			for i := range d {
				require.Equal(t, before[i].sectors, d[i].sectors)
			}
		})
	}
}

// addSegment adds an LV with a segment of that type.
func addSegment(vg *lvm.VG, typ lvm.SegmentType) {
	vg.LVs = append(vg.LVs, &lvm.LV{
		Name: "odd", ID: lvm.NewID(), Status: lvm.Flags{"READ", "WRITE", "VISIBLE"},
		Segments: []lvm.Segment{{Length: 1, Type: typ}},
	})
}

// plant writes vg as the committed text of all areas of g, whatever it is.
func plant(t *testing.T, d disks, g *lvm.DiskVG, vg *lvm.VG) {
	t.Helper()
	for _, pv := range g.PVs {
		plantText(t, pv, vg.AppendText(nil))
	}
}

// plantText writes a text as the committed one of a PV's first area.
func plantText(t *testing.T, pv *lvm.DiskPV, text []byte) {
	t.Helper()
	h := pv.Areas[0].AreaHeader
	l, err := h.Place(text, h.Committed)
	require.NoError(t, err)
	for _, w := range h.Writes(text, l) {
		_, err := pv.Device.WriteAt(w.Data, int64(w.Start))
		require.NoError(t, err)
	}
	h.Committed = l
	_, err = pv.Device.WriteAt(disk.AppendAreaHeader(nil, h), int64(h.Start))
	require.NoError(t, err)
}

// Somebody who did not know of the lock wrote between the scan and the commit.
func TestCommitFindsChanges(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, d disks, g *lvm.DiskVG)
	}{
		{"text", func(t *testing.T, d disks, g *lvm.DiskVG) {
			s := d.scan()
			_, err := s.Commit(lvm.CommitRequest{VG: s.VGs[0], New: tagged(g.VG, "other")})
			require.NoError(t, err)
		}},
		{"label", func(t *testing.T, d disks, g *lvm.DiskVG) {
			h := g.PVs[1].Header
			h.Size--
			_, err := d[1].WriteAt(disk.AppendLabel(nil, h), 512)
			require.NoError(t, err)
		}},
		{"precommit", func(t *testing.T, d disks, g *lvm.DiskVG) {
			h := g.PVs[1].Areas[0].AreaHeader
			h.Precommitted = h.Committed
			_, err := d[1].WriteAt(disk.AppendAreaHeader(nil, h), 4096)
			require.NoError(t, err)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDisks(8*mib, 8*mib)
			d.committed(t, "vg", 2)
			s := d.scan()
			g := s.VGs[0]
			test.change(t, d, g)
			before := textOf(d.scan())
			_, err := s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "x")})
			require.ErrorIs(t, err, lvm.ErrChanged)
			require.Equal(t, before, textOf(d.scan()))
		})
	}
}

// A PV that says that it is in use, or has metadata, joins no other VG; one whose
// VG was not read does not either.
func TestJoiningRefused(t *testing.T) {
	join := func(s *lvm.Scan) error {
		g, err := s.VG("vg")
		require.NoError(t, err)
		vg := g.VG.Clone()
		vg.PVs = append(vg.PVs, s.PVs[2].NewPV(vg.ExtentSize))
		_, err = s.Commit(lvm.CommitRequest{VG: g, New: vg})
		return err
	}
	d := newDisks(8*mib, 8*mib, 8*mib)
	s, _ := d.committed(t, "vg", 2)
	h := s.PVs[2].Header
	h.SetUsed(true)
	_, err := d[2].WriteAt(disk.AppendLabel(nil, h), 512)
	require.NoError(t, err)
	s = d.scan()
	require.ErrorIs(t, s.Faults[0], lvm.ErrUsedFlag)
	require.ErrorIs(t, join(s), lvm.ErrNotFree)

	h.SetUsed(false)
	_, err = d[2].WriteAt(disk.AppendLabel(nil, h), 512)
	require.NoError(t, err)
	plantText(t, s.PVs[2], []byte("no metadata\x00"))
	s = d.scan()
	require.ErrorIs(t, join(s), lvm.ErrNotFree)

	s = lvm.ScanDevices(d.devices(), lvm.ScanOptions{VG: "vg"})
	require.ErrorIs(t, join(s), lvm.ErrPartScan)
	_, err = s.Commit(lvm.CommitRequest{New: newVG(s, "new", 1, 0)})
	require.ErrorIs(t, err, lvm.ErrPartScan)
	g, err := s.VG("vg")
	require.NoError(t, err)
	_, err = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "x")})
	require.NoError(t, err, "but its own changes are possible")

	h.Version = 3
	_, err = d[2].WriteAt(disk.AppendLabel(nil, h), 512)
	require.NoError(t, err)
	s = d.scan()
	empty := s.PVs[2].Areas[0].AreaHeader
	empty.Committed = disk.Location{}
	_, err = d[2].WriteAt(disk.AppendAreaHeader(nil, empty), 4096)
	require.NoError(t, err)
	require.ErrorIs(t, join(d.scan()), lvm.ErrUnknownHeader)
}
