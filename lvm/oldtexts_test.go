package lvm_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// All that was ever committed is found again, and can be restored.
func TestOldTexts(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	s, g := d.committed(t, "vg", 2)
	for i := range 5 {
		var err error
		g, err = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, fmt.Sprint("tag", i))})
		require.NoError(t, err)
	}
	require.EqualValues(t, 6, g.VG.Seqno)
	s = d.scan()
	texts, errs := s.OldTexts("vg")
	require.Empty(t, errs)
	require.Len(t, texts, 6)
	for i, text := range texts {
		require.EqualValues(t, 6-i, text.Seqno)
		require.Equal(t, i == 0, text.Committed)
		vg, err := text.Read()
		require.NoError(t, err)
		require.Len(t, vg.Tags, 5-i)
	}
	byID, errs := s.OldTexts(g.VG.ID.String())
	require.Empty(t, errs)
	require.Equal(t, texts, byID)
	none, errs := s.OldTexts("other")
	require.Empty(t, errs)
	require.Empty(t, none)

	// The newest text is lost on both PVs. One of before is restored, with a number
	// that no text had.
	flip(t, d[0], 4096+g.PVs[0].Areas[0].Committed.Offset+200)
	flip(t, d[1], 4096+g.PVs[1].Areas[0].Committed.Offset+200)
	s = d.scan()
	require.Empty(t, s.VGs)
	texts, _ = s.OldTexts("")
	vg, err := texts[1].Read()
	require.NoError(t, err)
	require.EqualValues(t, 5, vg.Seqno)
	_, err = s.Commit(lvm.CommitRequest{New: vg})
	require.ErrorIs(t, err, lvm.ErrNotFree)
	g, err = s.Commit(lvm.CommitRequest{New: vg, Restore: true})
	require.NoError(t, err)
	require.Len(t, g.VG.Tags, 4)
	require.Empty(t, s.AllFaults())
	require.Empty(t, d.scan().AllFaults())
	require.Equal(t, textOf(s), textOf(d.scan()))

	// A VG that was removed comes back.
	s = d.scan()
	gone := s.VGs[0].VG.Clone()
	gone.LVs = nil
	g, err = s.Commit(lvm.CommitRequest{VG: s.VGs[0], New: gone})
	require.NoError(t, err)
	_, err = s.Commit(lvm.CommitRequest{VG: g})
	require.NoError(t, err)
	s = d.scan()
	texts, _ = s.OldTexts("vg")
	require.False(t, texts[0].Committed)
	vg, err = texts[1].Read()
	require.NoError(t, err)
	require.Len(t, vg.LVs, 2)
	_, err = s.Commit(lvm.CommitRequest{New: vg, Restore: true})
	require.NoError(t, err)
	require.Empty(t, d.scan().AllFaults())

	// A text of which the end was overwritten is found, and says so when it is read.
	s = d.scan()
	texts, _ = s.OldTexts("vg")
	last := texts[len(texts)-1]
	flip(t, d[0], last.Area.Start+last.Offset+last.Size-100)
	texts, _ = d.scan().OldTexts("vg")
	damaged := 0
	for _, text := range texts {
		if _, err := text.Read(); err != nil {
			damaged++
			require.ErrorContains(t, err, "on /dev/a")
		}
	}
	require.LessOrEqual(t, damaged, 1)

	// A PV that cannot be read does not hide the others.
	devices := d.devices()
	devices[0] = lvm.NewDevice("/dev/a", 8*mib, 512, broken{d[0], 4608})
	texts, errs = lvm.ScanDevices(devices, lvm.ScanOptions{}).OldTexts("vg")
	require.NotEmpty(t, texts)
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], errMedium)
}

// A PV that left while it was away comes back into its VG by a restored text.
func TestRestoreOutdated(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	s, g := d.committed(t, "vg", 2)
	away := d[1].clone()
	vg := g.VG.Clone()
	vg.PVs = vg.PVs[:1]
	_, err := s.Commit(lvm.CommitRequest{VG: g, New: vg})
	require.NoError(t, err)
	d[1].sectors = away.sectors
	s = d.scan()
	require.Len(t, s.VGs[0].Outdated, 1)
	texts, _ := s.OldTexts("vg")
	old, err := texts[1].Read()
	require.NoError(t, err)
	require.Len(t, old.PVs, 2)
	g, err = s.Commit(lvm.CommitRequest{VG: s.VGs[0], New: old, Restore: true})
	require.NoError(t, err)
	require.Len(t, g.PVs, 2)
	require.Empty(t, s.AllFaults())
	require.Empty(t, d.scan().AllFaults())
}
