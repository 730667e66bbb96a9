package host_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/internal/testenv/gptdisk"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

var twoParts = []gptdisk.Partition{{Start: 2048, Length: 65536}, {Start: 67584, Length: 61440}}

func TestBlockDevices(t *testing.T) {
	root := t.TempDir()
	write := func(dir string, content map[string]string) {
		for name, text := range content {
			path := filepath.Join(root, dir, name)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o600))
		}
	}
	write("devices/pci/sda", map[string]string{"dev": "8:0", "size": "4096", "ro": "0"})
	write("devices/pci/sda/sda1", map[string]string{"dev": "8:1", "size": "2048", "ro": "1", "partition": "1", "holders/dm-0": ""})
	write("devices/pci/cciss!c0d0", map[string]string{"dev": "104:0", "size": "8", "ro": "0"})
	write("devices/virtual/dm-0", map[string]string{"dev": "254:0", "size": "0", "ro": "0"})
	write("devices/virtual/going", map[string]string{"size": "8"})
	require.NoError(t, os.MkdirAll(filepath.Join(root, "class/block"), 0o700))
	for name, dir := range map[string]string{"sda": "pci/sda", "sda1": "pci/sda/sda1", "cciss!c0d0": "pci/cciss!c0d0", "dm-0": "virtual/dm-0", "going": "virtual/going", "gone": "virtual/gone"} {
		require.NoError(t, os.Symlink(filepath.Join(root, "devices", dir), filepath.Join(root, "class/block", name)))
	}
	h, _ := plain(t, func(c *host.Config) { c.Sys = root })
	all, err := h.BlockDevices()
	require.NoError(t, err)
	require.Equal(t, []host.BlockDevice{
		{Name: "cciss/c0d0", Path: "/dev/cciss/c0d0", Major: 104, Size: 8},
		{Name: "dm-0", Path: "/dev/dm-0", Major: 254},
		{Name: "sda", Path: "/dev/sda", Major: 8, Size: 4096, Partitioned: true},
		{Name: "sda1", Path: "/dev/sda1", Major: 8, Minor: 1, Size: 2048, ReadOnly: true, Disk: "sda", Part: 1, Holders: []string{"dm-0"}},
	}, all)
	write("devices/virtual/dm-0", map[string]string{"size": "much"})
	_, err = h.BlockDevices()
	require.ErrorContains(t, err, "dm-0")
}

// checkPartitions looks at the partitions of a GPT disk through sysfs, and
// through their nodes.
func checkPartitions(t *testing.T) (h *host.Host, disk string, parts []string) {
	disk, parts = gptdisk.Attach(t, gptdisk.Make(t, 64*units.MiB, twoParts...))
	require.Len(t, parts, 2)
	h, _ = plain(t)
	all, err := h.BlockDevices()
	require.NoError(t, err)
	find := func(path string) host.BlockDevice {
		i := slices.IndexFunc(all, func(d host.BlockDevice) bool { return d.Path == path })
		require.GreaterOrEqual(t, i, 0, path)
		return all[i]
	}
	require.True(t, find(disk).Partitioned)
	for i, path := range parts {
		d := find(path)
		require.Equal(t, twoParts[i].Length, d.Size)
		require.Equal(t, i+1, d.Part)
		require.Equal(t, filepath.Base(disk), d.Disk)
		require.False(t, d.Partitioned || d.ReadOnly)
		f, err := os.Open(path)
		require.NoError(t, err)
		size, err := ioctl.DeviceSize(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		require.Equal(t, units.Bytes(d.Size)*units.SectorSize, size)

		id, err := h.Device(path)
		require.NoError(t, err)
		require.Equal(t, [3]int{int(d.Major), int(d.Minor), i + 1}, [3]int{int(id.Major), int(id.Minor), id.Part})
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
