package lvm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
)

// As many areas have the text as the VG wants: vgchange --vgmetadatacopies.
func TestMetadataCopies(t *testing.T) {
	d := newDisks(8*mib, 8*mib, 8*mib)
	s := d.pvs(t, &lvm.CreatePV{Layout: disk.Layout{SecondArea: true}})
	vg := newVG(s, "vg", 3, 2)
	var g *lvm.DiskVG
	for _, test := range []struct {
		copies uint32
		want   string // in use, of each PV's areas
	}{
		{0, "11 11 11"}, {2, "10 10 00"}, {1, "10 00 00"}, {4, "11 10 10"}, {9, "11 11 11"}, {3, "10 10 10"}, {0, "10 10 10"}, {6, "11 11 11"},
	} {
		vg.MetadataCopies = test.copies
		var err error
		g, err = s.Commit(lvm.CommitRequest{VG: g, New: vg})
		require.NoError(t, err)
		fresh := d.scan()
		require.Empty(t, fresh.AllFaults())
		var used []string
		for _, pv := range fresh.PVs {
			u := ""
			for _, a := range pv.Areas {
				u += map[bool]string{true: "0", false: "1"}[a.Ignored()]
				require.Equal(t, a.Ignored(), a.Committed.Empty())
			}
			used = append(used, u)
		}
		require.Equal(t, test.want, strings.Join(used, " "), "%d copies", test.copies)
		vg = g.VG.Clone()
	}
}

// Where all areas are ignored, one must not be; without areas there is no VG.
func TestCommitWithoutAreas(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	s := d.pvs(t, &lvm.CreatePV{IgnoreAreas: true})
	_, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
	require.NoError(t, err)
	s = d.scan()
	require.Empty(t, s.AllFaults())
	require.False(t, s.PVs[0].Areas[0].Ignored())
	require.True(t, s.PVs[1].Areas[0].Ignored())

	d = newDisks(8*mib, 8*mib)
	s = d.pvs(t, &lvm.CreatePV{Layout: disk.Layout{NoMetadata: true}})
	_, err = s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
	require.ErrorIs(t, err, lvm.ErrNoArea)
}
