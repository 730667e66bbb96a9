package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
)

// A label that was overwritten is made anew from what the VG says, with the areas
// that are still there: the devices are what they were.
func TestRestorePV(t *testing.T) {
	layouts := map[string]disk.Layout{
		"default":             {},
		"two areas":           {SecondArea: true},
		"large area":          {MetadataSize: 2 * mib},
		"bootloader area":     {BootSize: mib},
		"small area":          {MetadataSize: 40 << 10, Alignment: 4096},
		"small, two areas":    {MetadataSize: 40 << 10, Alignment: 4096, SecondArea: true},
		"smaller than device": {Size: 7 * mib, SecondArea: true},
	}
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			d := newDisks(8*mib, 8*mib)
			devices := d.devices()
			s := lvm.ScanDevices(devices, lvm.ScanOptions{})
			for i := range devices {
				l := layout
				if i == 1 {
					l = disk.Layout{}
				}
				_, err := s.CreatePV(devices[i], lvm.CreatePV{Layout: l})
				require.NoError(t, err)
			}
			g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
			require.NoError(t, err)
			whole := d[0].clone()
			for at := range int64(4) {
				d[0].put(at, sector{'x'})
			}
			s = d.scan()
			require.ErrorIs(t, s.VGs[0].Writable(), lvm.ErrMissingPV)
			_, err = s.RestorePV(devices[0], lvm.RestorePV{VG: g.VG, PV: g.VG.PVs[0].ID})
			require.NoError(t, err)
			for at := range int64(4) { // the x is not ours
				if at != 1 {
					require.NotContains(t, d[0].sectors, at)
				}
			}
			require.Equal(t, whole.sectors, d[0].sectors)
			require.Empty(t, d.scan().AllFaults())
		})
	}
}

// Where the area's header is gone too, an empty one is made, and the next commit
// fills it.
func TestRestorePVWithoutArea(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	_, g := d.committed(t, "vg", 2)
	for at := range int64(100) {
		d[0].put(at, sector{})
	}
	s := d.scan()
	pv, err := s.RestorePV(d.devices()[0], lvm.RestorePV{VG: g.VG, PV: g.VG.PVs[0].ID})
	require.NoError(t, err)
	require.Equal(t, []disk.Area{{Start: 4096, Size: mib - 4096}}, pv.Header.Metadata)
	s = d.scan()
	require.Len(t, s.AllFaults(), 1)
	require.ErrorIs(t, s.AllFaults()[0], lvm.ErrStale)
	heal(t, d, s, "")
}

func TestRestorePVRefused(t *testing.T) {
	d := newDisks(8*mib, 8*mib, 8*mib, 4*mib)
	_, g := d.committed(t, "vg", 2)
	lost := g.VG.PVs[0].ID
	restore := func(device int, vg *lvm.VG, id lvm.ID, force bool) error {
		devices := d.devices()
		_, err := lvm.ScanDevices(devices, lvm.ScanOptions{}).RestorePV(devices[device], lvm.RestorePV{VG: vg, PV: id, Force: force})
		return err
	}
	require.ErrorIs(t, restore(2, g.VG, lvm.NewID(), false), lvm.ErrMissingPV)
	require.ErrorIs(t, restore(2, g.VG, lost, true), lvm.ErrDuplicatePV)
	d[0].put(1, sector{})
	require.ErrorIs(t, restore(1, g.VG, lost, true), lvm.ErrNotFree)
	require.ErrorIs(t, restore(2, g.VG, lost, false), lvm.ErrNotFree, "an orphan")
	require.ErrorIs(t, restore(3, g.VG, lost, true), lvm.ErrSmallDevice)
	d[0].put(2, sector{56: 0x53, 57: 0xef})
	require.ErrorIs(t, restore(0, g.VG, lost, false), lvm.ErrNotEmpty)
	d[0].fail = func(string, int64) error { return errMedium }
	require.ErrorIs(t, restore(0, g.VG, lost, true), errMedium)
	d[0].fail = nil
	require.NoError(t, restore(0, g.VG, lost, true))
	require.Empty(t, d.scan().VGs[0].Faults)
}
