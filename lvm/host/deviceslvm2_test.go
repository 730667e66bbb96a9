package host_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

// A PV that rok puts into the list is seen by lvm2, and the other way round.
func TestLvm2DevicesFile(t *testing.T) {
	m := newMachine(t, 3)
	m.configure("devices/use_devicesfile = 1")
	foreign := machineWith(t, m.disks)
	m.lvm("lvmdevices", "--adddev", m.disks[0])
	m.lvm("vgcreate", "vg", m.disks[0])
	foreign.lvm("vgextend", "vg", m.disks[1]) // somebody who does not know of the list
	foreign.lvm("pvcreate", m.disks[2])
	h := m.host()
	require.Equal(t, []string{"vg:2:1"}, m.report("vgs", "-o", "vg_name,pv_count,vg_missing_pv_count"))

	device := func(path string) *host.Device {
		d, err := h.Device(path)
		require.NoError(t, err)
		return d
	}
	list := func() *host.DevicesFile {
		f, err := h.Devices(t.Context())
		require.NoError(t, err)
		require.NotNil(t, f)
		return f
	}
	pvid := foreign.report("pvs", "-o", "pv_uuid", m.disks[1])[0]
	require.ErrorIs(t, h.Visible(list(), device(m.disks[1]), pvid), host.ErrNotListed)
	require.NoError(t, h.Visible(list(), device(m.disks[0]), ""))
	compact := host.CompactPVID(pvid)
	hints, err := h.VoidHints(t.Context())
	require.NoError(t, err)
	require.NoError(t, h.PutDevice(t.Context(), device(m.disks[1]), compact))
	require.NoError(t, hints.Release())
	require.NoError(t, h.Visible(list(), device(m.disks[1]), compact))
	require.Equal(t, []string{"vg:2:0"}, m.report("vgs", "-o", "vg_name,pv_count,vg_missing_pv_count"))

	// What rok wrote, lvm2 would have written.
	path := filepath.Join(m.etc, "devices/system.devices")
	ours := list()
	require.NoError(t, os.Rename(path, path+".rok"))
	m.lvm("lvmdevices", "--adddev", m.disks[0])
	m.lvm("lvmdevices", "--adddev", m.disks[1])
	require.Equal(t, list().Entries(), ours.Entries())
	require.NoError(t, os.Rename(path+".rok", path))
	require.Contains(t, m.lvm("lvmdevices"), "IDTYPE=loop_file")
	m.lvm("lvmdevices", "--check")

	// lvm2 goes on with the version that rok counted up, and rok with lvm2's.
	was := ours.Version()
	m.lvm("lvmdevices", "--adddev", m.disks[2])
	require.Equal(t, was+1, list().Version())
	require.NoError(t, h.Visible(list(), device(m.disks[2]), ""))
	m.lvm("lvmdevices", "--deldev", m.disks[2])
	require.ErrorIs(t, h.Visible(list(), device(m.disks[2]), ""), host.ErrNotListed)

	// A PV that is gone.
	require.NoError(t, h.ClearDevice(t.Context(), compact))
	require.Equal(t, was+3, list().Version())
	require.Empty(t, list().Entries()[1].PVID)
	m.lvm("lvmdevices", "--update")
	require.Equal(t, compact, list().Entries()[1].PVID, "lvm2 found it again")
	require.NoError(t, h.EditDevices(t.Context(), func(f *host.DevicesFile) error {
		require.True(t, f.Remove(device(m.disks[1]).ID(), 0))
		return nil
	}))
	require.Equal(t, []string{"vg:2:1"}, m.report("vgs", "-o", "vg_name,pv_count,vg_missing_pv_count"))
}

// With a devices file, lvm2 does not ask the filters; without one, it does.
func TestLvm2Filters(t *testing.T) {
	m := newMachine(t, 2)
	for _, which := range []string{"filter", "global_filter"} {
		for _, file := range []bool{true, false} {
			m.configure("")
			conf := "devices/obtain_device_list_from_udev = 0\ndevices/" + which + " = [\"a|^" + m.disks[0] + "$|\", \"r|.*|\"]\n"
			require.NoError(t, os.RemoveAll(filepath.Join(m.etc, "devices")))
			if file {
				m.configure("devices/use_devicesfile = 1")
				m.lvm("lvmdevices", "--adddev", m.disks[0])
				m.lvm("lvmdevices", "--adddev", m.disks[1])
				conf += "devices/use_devicesfile = 1\n"
			}
			require.NoError(t, os.WriteFile(filepath.Join(m.etc, "lvm.conf"), []byte(conf), 0o600))
			h := m.host()
			list, err := h.Devices(t.Context())
			require.NoError(t, err)
			require.Equal(t, file, list != nil)
			d, err := h.Device(m.disks[1])
			require.NoError(t, err)
			seen := strings.Join(m.report("pvs", "-a", "-o", "pv_name,pv_size"), " ")
			if file {
				require.Contains(t, seen, m.disks[1])
				require.NoError(t, h.Visible(list, d, ""))
			} else {
				require.NotContains(t, seen, m.disks[1])
				require.ErrorIs(t, h.Visible(list, d, ""), host.ErrNotListed)
			}
		}
	}
}
