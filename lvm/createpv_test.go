package lvm_test

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// signed is a device with what lvm/disk/testdata/signatures.sh made.
func signed(t testing.TB, name string) *sparse {
	t.Helper()
	f, err := os.Open("disk/testdata/signatures/" + name + ".sectors.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	s := newSparse(max(units.Bytes(binary.LittleEndian.Uint64(b)), 2*mib))
	for b = b[8:]; len(b) > 0; b = b[8+512:] {
		s.put(int64(binary.LittleEndian.Uint64(b)), sector(b[8:8+512]))
	}
	return s
}

// A new PV is, sector by sector, the one that pvcreate makes, and what lvm2 finds.
func TestCreatePV(t *testing.T) {
	d := newDisks(100*mib, 8*mib)
	devices := d.devices()
	s := lvm.ScanDevices(devices, lvm.ScanOptions{})
	id := lvm.NewID()
	pv, err := s.CreatePV(devices[0], lvm.CreatePV{ID: id})
	require.NoError(t, err)
	require.Equal(t, id, pv.ID())
	require.Same(t, pv, s.PVs[0])
	require.Len(t, d[0].sectors, 2)
	h, err := disk.Layout{Size: 100 * mib}.Header(id)
	require.NoError(t, err)
	require.Equal(t, sector(disk.AppendLabel(nil, h)), d[0].sectors[1])
	require.Equal(t, sector(disk.AppendAreaHeader(nil, disk.AreaHeader{Area: h.Metadata[0]})), d[0].sectors[8])
	require.Empty(t, d.scan().AllFaults())

	// Made anew, with nothing left of the one before.
	again, err := s.CreatePV(devices[0], lvm.CreatePV{Layout: disk.Layout{Size: 50 * mib, SecondArea: true}, IgnoreAreas: true})
	require.NoError(t, err)
	require.Equal(t, []*lvm.DiskPV{again}, s.PVs)
	require.Len(t, d[0].sectors, 3)
	require.True(t, again.Areas[1].Ignored())
	fresh := d.scan()
	require.Empty(t, fresh.AllFaults())
	require.Equal(t, again.Header, fresh.PVs[0].Header)

	_, err = s.CreatePV(devices[1], lvm.CreatePV{ID: again.ID()})
	require.ErrorIs(t, err, lvm.ErrDuplicatePV)
	_, err = s.CreatePV(devices[1], lvm.CreatePV{Layout: disk.Layout{Size: 9 * mib}})
	require.ErrorIs(t, err, lvm.ErrSmallDevice)
	_, err = s.CreatePV(devices[1], lvm.CreatePV{Layout: disk.Layout{Size: mib}})
	require.ErrorIs(t, err, disk.ErrLayout)
	require.ErrorContains(t, err, "create PV /dev/b: PV layout: PV size of 1MiB: at least 2MiB")
	_, err = lvm.ScanDevices(devices, lvm.ScanOptions{VG: "vg"}).CreatePV(devices[1], lvm.CreatePV{})
	require.ErrorIs(t, err, lvm.ErrPartScan)
}

// What is on a device is named, and only force overwrites it: then nothing of it
// is found any more.
func TestCreatePVNamesWhatIsThere(t *testing.T) {
	for name, want := range map[string]string{
		"gpt":        "PMBR partition table, gpt partition table",
		"dos":        "dos partition table",
		"ext4":       "ext4 file system",
		"xfs":        "xfs file system",
		"btrfs":      "btrfs file system",
		"swap":       "swap space",
		"luks2-copy": "crypto_LUKS volume",
		"md-1.0":     "linux_raid_member disk",
		"lvm2":       "", // an orphan is no obstacle
	} {
		t.Run(name, func(t *testing.T) {
			image := signed(t, name)
			device := image.device("/dev/x")
			s := lvm.ScanDevices([]*lvm.Device{device}, lvm.ScanOptions{})
			before := image.clone()
			pv, err := s.CreatePV(device, lvm.CreatePV{})
			if want != "" {
				require.ErrorIs(t, err, lvm.ErrNotEmpty)
				require.EqualError(t, err, "create PV /dev/x: /dev/x has "+want+": device is not empty")
				require.Equal(t, before.sectors, image.sectors)
				pv, err = s.CreatePV(device, lvm.CreatePV{Force: true})
			}
			require.NoError(t, err)
			found, err := disk.Signatures(device, device.Size)
			require.NoError(t, err)
			require.Len(t, found, 1)
			require.Equal(t, "LVM2_member", found[0].Type)
			s = lvm.ScanDevices([]*lvm.Device{device}, lvm.ScanOptions{})
			require.Equal(t, pv.ID(), s.PVs[0].ID())
		})
	}
}

// PVs that are not free are made anew by force, or not at all.
func TestPVsThatAreNotFree(t *testing.T) {
	tests := []struct {
		name   string
		do     func(t *testing.T, s *lvm.Scan)
		forced bool // force is enough
		text   string
	}{
		{"in a VG", func(t *testing.T, s *lvm.Scan) {
			_, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 1, 0)})
			require.NoError(t, err)
		}, false, "in VG vg: PV is not free"},
		{"used", func(t *testing.T, s *lvm.Scan) {
			putLabel(t, s.PVs[0], func(h *disk.PVHeader) { h.SetUsed(true) })
		}, true, "its header says that a VG uses it: PV is not free"},
		{"with metadata", func(t *testing.T, s *lvm.Scan) { plantText(t, s.PVs[0], []byte("odd\x00")) }, true, "it has metadata: PV is not free"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, remove := range []bool{false, true} {
				d := newDisks(8 * mib)
				test.do(t, d.pvs(t, nil))
				s := d.scan()
				try := func(force bool) error {
					if remove {
						return s.RemovePV(s.PVs[0], force)
					}
					_, err := s.CreatePV(s.PVs[0].Device, lvm.CreatePV{Force: force})
					return err
				}
				before := d.clone()
				err := try(false)
				require.ErrorIs(t, err, lvm.ErrNotFree)
				require.ErrorContains(t, err, test.text)
				err = try(true)
				if !test.forced {
					require.ErrorIs(t, err, lvm.ErrNotFree)
					require.Equal(t, before[0].sectors, d[0].sectors)
					continue
				}
				require.NoError(t, err)
				require.Empty(t, s.AllFaults())
				s = d.scan()
				require.Empty(t, s.AllFaults())
				require.Len(t, s.PVs, map[bool]int{true: 0, false: 1}[remove])
			}
		})
	}
}

// pvremove overwrites the labels, and nothing else.
func TestRemovePV(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	s := d.pvs(t, nil)
	mark := sector{1}
	d[0].put(0, mark)
	putLabel(t, s.PVs[0], func(h *disk.PVHeader) { h.Sector = 3 })
	before := d[0].clone()
	delete(before.sectors, 1)
	delete(before.sectors, 3)
	require.NoError(t, s.RemovePV(s.PVs[0], false))
	require.Equal(t, before.sectors, d[0].sectors)
	require.Len(t, s.PVs, 1)
	require.Len(t, d.scan().PVs, 1)
	d[1].fail = func(string, int64) error { return errMedium }
	require.ErrorIs(t, s.RemovePV(s.PVs[0], false), errMedium)
}

// A write that fails, whichever it is, leaves no half of a PV.
func TestCreatePVFails(t *testing.T) {
	for _, what := range []string{"write", "flush"} {
		for n := 0; ; n++ {
			d := newDisks(8 * mib)
			s := d.pvs(t, &lvm.CreatePV{Layout: disk.Layout{SecondArea: true}})
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
			_, err := s.CreatePV(s.PVs[0].Device, lvm.CreatePV{})
			d[0].fail = nil
			if left >= 0 {
				require.NoError(t, err)
				require.GreaterOrEqual(t, n, 3)
				break
			}
			require.ErrorIs(t, err, errMedium, fmt.Sprint(what, n))
			require.Empty(t, d.scan().AllFaults())
		}
	}
}

// Whenever the power fails while a PV is made, there is none, or one.
func TestPowerCutOfCreatePV(t *testing.T) {
	d := newDisks(8 * mib)
	s := d.pvs(t, nil)
	old := s.PVs[0].ID()
	start := d.clone()
	j := d.record()
	device := d.devices()[0]
	s = lvm.ScanDevices([]*lvm.Device{device}, lvm.ScanOptions{})
	pv, err := s.CreatePV(device, lvm.CreatePV{Layout: disk.Layout{SecondArea: true}})
	require.NoError(t, err)
	seen := map[lvm.ID]bool{}
	j.states(start, func(d disks, where string) {
		s := d.scan()
		require.Empty(t, s.AllFaults(), where)
		if len(s.PVs) == 0 {
			seen[lvm.ID{}] = true
			return
		}
		seen[s.PVs[0].ID()] = true
		if s.PVs[0].ID() == pv.ID() {
			require.Equal(t, pv.Header, s.PVs[0].Header)
		}
	})
	require.Equal(t, map[lvm.ID]bool{old: true, {}: true, pv.ID(): true}, seen)
}
