package lvm_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// flip changes a byte of a device.
func flip(t *testing.T, s *sparse, at units.Bytes) {
	t.Helper()
	var b [512]byte
	_, err := s.ReadAt(b[:], int64(at&^511))
	require.NoError(t, err)
	b[at%512] ^= 1
	_, err = s.WriteAt(b[:], int64(at&^511))
	require.NoError(t, err)
}

// putHeader writes h as the header of area i of a PV, with the right checksum.
func putHeader(t *testing.T, pv *lvm.DiskPV, i int, edit func(h *disk.AreaHeader)) {
	t.Helper()
	h := pv.Areas[i].AreaHeader
	at := h.Start
	edit(&h)
	_, err := pv.Device.WriteAt(disk.AppendAreaHeader(nil, h), int64(at))
	require.NoError(t, err)
}

// putLabel writes the label of a PV as edit makes it.
func putLabel(t *testing.T, pv *lvm.DiskPV, edit func(h *disk.PVHeader)) {
	t.Helper()
	h := pv.Header
	edit(&h)
	_, err := pv.Device.WriteAt(disk.AppendLabel(nil, h), int64(h.Sector)*512)
	require.NoError(t, err)
}

// States in which PVs do not agree, those of the table in the notes on lvm2 among
// them: which VG is read, what is said of it, whether it may be written, and that
// the next commit heals what it may.
func TestScanFaults(t *testing.T) {
	tests := []struct {
		name  string
		do    func(t *testing.T, d disks, s *lvm.Scan)
		seqno uint32 // of the VG; 0: none is found
		// faults are their kinds and a part of the text, in order.
		faults   []fault
		refused  error // by the next commit
		unhealed bool  // what is wrong stays, since it is no PV of the VG's
	}{
		{"sound", func(*testing.T, disks, *lvm.Scan) {}, 2, nil, nil, false},
		{"newer text on one PV", func(t *testing.T, d disks, s *lvm.Scan) {
			next := tagged(s.VGs[0].VG, "newer")
			next.Seqno++
			plantText(t, s.PVs[1], next.AppendText(nil))
		}, 3, []fault{{lvm.ErrStale, "PV /dev/a: metadata area at byte 4096 has number 2, the newest is 3 (the next change of the VG writes it anew)"}}, nil, false},
		{"different texts of one age", func(t *testing.T, d disks, s *lvm.Scan) {
			plantText(t, s.PVs[1], tagged(s.VGs[0].VG, "other").AppendText(nil))
		}, 2, []fault{{lvm.ErrConflict, "VG vg: 1 metadata areas have number 2, 1 others have another text of that number (restore one of them)"}}, lvm.ErrConflict, false},
		{"text damaged", func(t *testing.T, d disks, s *lvm.Scan) {
			flip(t, d[0], 4096+s.PVs[0].Areas[0].Committed.Offset+100)
		}, 2, []fault{{disk.ErrDamaged, "PV /dev/a: metadata text at byte 6144: checksum: expected 0x"}}, nil, false},
		{"text that is none", func(t *testing.T, d disks, s *lvm.Scan) {
			plantText(t, s.PVs[0], []byte("vg {\nid = 5\n"))
		}, 2, []fault{{nil, "PV /dev/a: metadata text at byte "}}, nil, false},
		{"text behind the area", func(t *testing.T, d disks, s *lvm.Scan) {
			putHeader(t, s.PVs[0], 0, func(h *disk.AreaHeader) { h.Committed.Offset = 1 << 40 })
		}, 2, []fault{{disk.ErrDamaged, "offset: expected within 4096+1044480, found 1099511627776"}}, nil, false},
		{"area header damaged", func(t *testing.T, d disks, s *lvm.Scan) { flip(t, d[0], 4096+30) }, 2,
			[]fault{{disk.ErrDamaged, "PV /dev/a: metadata area header at byte 4096: checksum: expected 0x"}}, nil, false},
		{"area empty", func(t *testing.T, d disks, s *lvm.Scan) {
			putHeader(t, s.PVs[0], 0, func(h *disk.AreaHeader) { h.Committed = disk.Location{} })
		}, 2, []fault{{lvm.ErrStale, "PV /dev/a: metadata area at byte 4096 has no text"}}, nil, false},
		{"stale precommit", func(t *testing.T, d disks, s *lvm.Scan) {
			putHeader(t, s.PVs[0], 0, func(h *disk.AreaHeader) { h.Precommitted = h.Committed })
		}, 2, nil, nil, false},
		{"all texts damaged", func(t *testing.T, d disks, s *lvm.Scan) {
			flip(t, d[0], 4096+s.PVs[0].Areas[0].Committed.Offset)
			flip(t, d[1], 4096+s.PVs[0].Areas[0].Committed.Offset)
		}, 0, []fault{
			{disk.ErrDamaged, "PV /dev/a: metadata text"}, {lvm.ErrUsedFlag, "PV /dev/a: its header says that a VG uses it, and none of those that were found does"},
			{disk.ErrDamaged, "PV /dev/b: metadata text"}, {lvm.ErrUsedFlag, "PV /dev/b: "},
		}, nil, true},
		{"label damaged", func(t *testing.T, d disks, s *lvm.Scan) { flip(t, d[1], 600) }, 2, []fault{
			{disk.ErrDamaged, "device /dev/b: label at byte 512: checksum: expected 0x"}, {lvm.ErrMissingPV, ": of VG vg: no device has it (connect the device, or remove the PV from the VG)"},
		}, lvm.ErrMissingPV, true},
		{"PV gone", func(t *testing.T, d disks, s *lvm.Scan) { d[1].sectors = map[int64]sector{} }, 2,
			[]fault{{lvm.ErrMissingPV, "no device has it"}}, lvm.ErrMissingPV, true},
		{"PV twice", func(t *testing.T, d disks, s *lvm.Scan) { d[2].sectors = d[1].clone().sectors }, 2,
			[]fault{{lvm.ErrDuplicatePV, "of VG vg: /dev/b and /dev/c have it (leave one of the devices out, or give it another ID)"}}, lvm.ErrDuplicatePV, true},
		{"not said to be used", func(t *testing.T, d disks, s *lvm.Scan) {
			putLabel(t, s.PVs[1], func(h *disk.PVHeader) { h.SetUsed(false) })
		}, 2, []fault{{lvm.ErrUsedFlag, "of VG vg: the header on /dev/b does not say that it is in a VG"}}, nil, false},
		{"header of before version 2", func(t *testing.T, d disks, s *lvm.Scan) {
			putLabel(t, s.PVs[1], func(h *disk.PVHeader) { h.Version, h.Flags = 0, 0 })
		}, 2, []fault{{lvm.ErrUsedFlag, "/dev/b"}}, nil, false},
		{"device became smaller", func(t *testing.T, d disks, s *lvm.Scan) { d[1].size -= mib }, 2, []fault{
			{lvm.ErrSmallDevice, "PV /dev/b: the device has 7340032 bytes, its label says 8388608"},
			{lvm.ErrSmallDevice, "PV /dev/b: the device has 14336 sectors, the VG says 16384 (make the device larger, or the PV smaller)"},
		}, lvm.ErrSmallDevice, true},
		{"missing by its flag", func(t *testing.T, d disks, s *lvm.Scan) {
			vg := s.VGs[0].VG.Clone()
			pv := vg.PVs[1].Clone()
			pv.Flags = pv.Flags.With(lvm.FlagMissing)
			vg.PVs[1] = pv
			plant(t, d, s.VGs[0], vg)
		}, 2, []fault{{lvm.ErrMissingPV, "it is there again, and the text says it is missing"}}, lvm.ErrMissingPV, true},
		{"area over the data", func(t *testing.T, d disks, s *lvm.Scan) {
			putLabel(t, s.PVs[1], func(h *disk.PVHeader) { h.Metadata = []disk.Area{{Start: 4096, Size: 2 * mib}} })
			putHeader(t, s.PVs[1], 0, func(h *disk.AreaHeader) { h.Size = 2 * mib })
		}, 2, []fault{
			{disk.ErrDamaged, "metadata area 0: expected outside of the data area"}, {lvm.ErrMisplaced, "extents are in sectors 2048 to 16384, a metadata area in 8 to 4104"},
		}, lvm.ErrMisplaced, true},
		{"area behind the device", func(t *testing.T, d disks, s *lvm.Scan) {
			putLabel(t, s.PVs[1], func(h *disk.PVHeader) { h.Metadata = append(h.Metadata, disk.Area{Start: 8 * mib, Size: mib}) })
		}, 2, []fault{{disk.ErrDamaged, "metadata area 1: expected a whole number of sectors behind the label, within the device"}}, lvm.ErrMisplaced, true},
		{"area of another size", func(t *testing.T, d disks, s *lvm.Scan) {
			putHeader(t, s.PVs[1], 0, func(h *disk.AreaHeader) { h.Size -= 512 })
		}, 2, []fault{{disk.ErrDamaged, "metadata area at byte 4096 has 1043968 bytes, its label says 1044480"}}, lvm.ErrMisplaced, true},
		{"area of a size that cannot be", func(t *testing.T, d disks, s *lvm.Scan) {
			putHeader(t, s.PVs[1], 0, func(h *disk.AreaHeader) { h.Size = 1 << 50 })
		}, 2, []fault{{disk.ErrDamaged, "metadata area at byte 4096 has 1125899906842624 bytes"}}, lvm.ErrMisplaced, true},
		{"PV left while it was away", func(t *testing.T, d disks, s *lvm.Scan) {
			away := d[1].clone()
			vg := s.VGs[0].VG.Clone()
			vg.PVs = vg.PVs[:1]
			_, err := s.Commit(lvm.CommitRequest{VG: s.VGs[0], New: vg})
			require.NoError(t, err)
			d[1].sectors = away.sectors
		}, 3, []fault{{lvm.ErrOutdated, "PV /dev/b: its metadata, 2, says that it is in VG vg, which has 3, and not the PV (the next change of the VG writes it anew)"}}, nil, false},
		{"text of another VG", func(t *testing.T, d disks, s *lvm.Scan) {
			other := newVG(s, "other", 1, 0)
			other.PVs[0].ID = lvm.NewID()
			plantText(t, s.PVs[1], other.AppendText(nil))
		}, 2, []fault{
			{lvm.ErrMissingPV, "of VG other: no device has it"},
			{lvm.ErrStale, "PV /dev/b: metadata area at byte 4096 has a text of VG other"},
		}, nil, false},
		{"two VGs with one PV, and a text of one of them", func(t *testing.T, d disks, s *lvm.Scan) {
			other := newVG(s, "another", 2, 0)
			plantText(t, s.PVs[1], other.AppendText(nil))
			plantText(t, s.PVs[2], other.AppendText(nil))
		}, 2, []fault{
			{lvm.ErrOutdated, "PV /dev/c: its metadata, 0, says that it is in VG another"},
			{lvm.ErrMissingPV, "of VG another: /dev/a has it, for VG vg"},
			{lvm.ErrMissingPV, "of VG vg: /dev/b has it, for VG another"},
		}, lvm.ErrNotFree, true},
		{"two VGs with one PV", func(t *testing.T, d disks, s *lvm.Scan) {
			other := newVG(s, "other", 3, 0)
			other.PVs = other.PVs[1:]
			plantText(t, s.PVs[2], other.AppendText(nil))
			putHeader(t, s.PVs[1], 0, func(h *disk.AreaHeader) { h.Committed = disk.Location{} })
		}, 2, []fault{
			{lvm.ErrClaimed, "of VG other: VGs other and vg have it (restore the VG that it does not belong to)"},
			{lvm.ErrStale, "PV /dev/b: metadata area at byte 4096 has no text"},
			{lvm.ErrUsedFlag, "/dev/c"},
			{lvm.ErrClaimed, "of VG vg: VGs other and vg have it"},
			{lvm.ErrStale, "PV /dev/b: metadata area at byte 4096 has no text"},
		}, lvm.ErrClaimed, true},
		{"two VGs of one name", func(t *testing.T, d disks, s *lvm.Scan) {
			other := newVG(s, "vg", 3, 0)
			other.PVs = other.PVs[2:]
			plantText(t, s.PVs[2], other.AppendText(nil))
		}, 2, []fault{{lvm.ErrSameName, "another one has the name too"}, {lvm.ErrUsedFlag, ""}, {lvm.ErrSameName, "rename one of them, by its ID"}}, lvm.ErrSameName, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDisks(8*mib, 8*mib, 8*mib)
			s, g := d.committed(t, "vg", 2)
			g, err := s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "x")})
			require.NoError(t, err)
			id := g.VG.ID
			test.do(t, d, s)
			s = d.scan()
			all := s.AllFaults()
			if id[0] != 0 && test.name == "two VGs of one name" && bytes.Compare(s.VGs[0].VG.ID[:], s.VGs[1].VG.ID[:]) < 0 && s.VGs[0].VG.ID == id {
				all[1], all[2] = all[2], all[1] // of the other VG, which is behind
			}
			requireFaults(t, test.faults, all)
			if test.seqno == 0 {
				require.Empty(t, s.VGs)
				return
			}
			g, err = s.VG(id.String())
			require.NoError(t, err)
			require.Equal(t, test.seqno, g.VG.Seqno)
			require.Equal(t, test.refused == nil || test.name == "missing by its flag", g.Writable() == nil, "%v", g.Writable())
			_, err = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "y")})
			if test.refused != nil {
				require.ErrorIs(t, err, test.refused)
				return
			}
			require.NoError(t, err)
			s = d.scan()
			require.Empty(t, s.AllFaults())
			require.Equal(t, test.seqno+1, s.VGs[0].VG.Seqno)
		})
	}
}

// fault is the kind of a fault, and a part of what it says.
type fault struct {
	kind error
	text string
}

func requireFaults(t *testing.T, want []fault, found []*lvm.Fault) {
	t.Helper()
	var all []string
	for _, f := range found {
		all = append(all, f.Error())
	}
	require.Len(t, found, len(want), strings.Join(all, "\n"))
	for i, f := range want {
		if f.kind != nil {
			require.ErrorIs(t, found[i], f.kind, strings.Join(all, "\n"))
		}
		require.ErrorContains(t, found[i], f.text)
	}
}

// Of texts of one age, that of the most areas is read.
func TestMajority(t *testing.T) {
	d := newDisks(8*mib, 8*mib, 8*mib)
	s, g := d.committed(t, "vg", 3)
	plantText(t, s.PVs[0], tagged(g.VG, "odd").AppendText(nil))
	require.Empty(t, d.scan().VGs[0].VG.Tags)
	plantText(t, s.PVs[2], tagged(g.VG, "rare").AppendText(nil))
	s = d.scan()
	require.Equal(t, []string{"odd"}, s.VGs[0].VG.Tags)
	require.Len(t, s.VGs[0].Faults, 2)
}
