package host_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/internal/testenv/gptdisk"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

var twoParts = []gptdisk.Partition{{Start: 2048, Length: 65536}, {Start: 67584, Length: 61440}}

// checkPartitions looks at the partitions of a GPT disk through sysfs, and
// through their nodes.
func checkPartitions(t *testing.T) (h *host.Host, disk string, parts []string) {
	disk, parts = gptdisk.Attach(t, gptdisk.Make(t, 64*units.MiB, twoParts...))
	require.Len(t, parts, 2)
	h, _ = plain(t)
	whole, err := h.Device(disk)
	require.NoError(t, err)
	require.Zero(t, whole.Part)
	for i, path := range parts {
		f, err := os.Open(path)
		require.NoError(t, err)
		size, err := ioctl.DeviceSize(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		require.Equal(t, units.Bytes(twoParts[i].Length)*units.SectorSize, size)

		id, err := h.Device(path)
		require.NoError(t, err)
		require.Equal(t, i+1, id.Part)
		require.Equal(t, host.DeviceID{Type: host.IDName, Name: path}, id.ID(), "as lvm2 has it: TestLvm2Partitions")
	}
	return h, disk, parts
}

func TestKernelPartitions(t *testing.T) {
	testenv.Kernel(t, "program partx")
	checkPartitions(t)
}

// A VG on two partitions, and their entries in the devices file.
func TestLvm2Partitions(t *testing.T) {
	lvm2(t)
	_, disk, parts := checkPartitions(t)
	m := machineWith(t, parts)
	m.configure("devices/use_devicesfile = 1")
	for _, p := range parts {
		m.lvm("lvmdevices", "--adddev", p)
	}
	m.lvm("vgcreate", "vg", parts[0], parts[1])
	require.Equal(t, []string{"33554432:" + parts[0], "31457280:" + parts[1]}, m.report("pvs", "-o", "dev_size,pv_name", "--units", "b", "--nosuffix", "-O", "pv_name"))
	h := m.host()
	list, err := h.Devices(t.Context())
	require.NoError(t, err)
	for i, path := range parts {
		d, err := h.Device(path)
		require.NoError(t, err)
		e := list.Entries()[i]
		require.Equal(t, host.DeviceEntry{ID: d.ID(), Name: path, Part: d.Part, PVID: e.PVID}, e)
		require.NoError(t, h.Visible(list, d, ""))
	}
	whole, err := h.Device(disk)
	require.NoError(t, err)
	require.ErrorIs(t, h.Visible(list, whole, ""), host.ErrNotListed)
}
