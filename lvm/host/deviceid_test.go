package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm/host"
)

// idCases are what sysfs may have of a device, and the id that lvm2 2.03.16
// chooses: TestLvm2DeviceIDs asks it.
var idCases = []struct {
	name   string
	driver string // whose devices have the major number, in /proc/devices
	files  map[string]string
	want   host.DeviceID
	part   int
}{
	{"wwid", "sd", map[string]string{"wwid": "naa.5000c500a0b1c2d3"}, host.DeviceID{Type: host.IDWWID, Name: "naa.5000c500a0b1c2d3"}, 0},
	{"wwid of the device", "sd", map[string]string{"device/wwid": "naa.600", "wwid": "eui.00", "device/serial": "S"}, host.DeviceID{Type: host.IDWWID, Name: "naa.600"}, 0},
	{"spaces", "sd", map[string]string{"device/wwid": "t10.ATA     SAMSUNG MZ7LH960  S45NNC0R   "}, host.DeviceID{Type: host.IDWWID, Name: "t10.ATA_____SAMSUNG_MZ7LH960__S45NNC0R___"}, 0},
	{"odd characters", "sd", map[string]string{"device/wwid": "t10.A\tb\"c=dä"}, host.DeviceID{Type: host.IDWWID, Name: `t10.A_b"c=dä`}, 0},
	{"NVMe", "nvme", map[string]string{"wwid": "eui.01", "device/serial": "S"}, host.DeviceID{Type: host.IDWWID, Name: "eui.01"}, 0},
	{"QEMU", "sd", map[string]string{"device/wwid": "t10.ATA     QEMU HARDDISK    QM00001", "device/serial": "QM1"}, host.DeviceID{Type: host.IDSerial, Name: "QM1"}, 0},
	{"QEMU without a serial", "sd", map[string]string{"device/wwid": "t10.ATA     QEMU HARDDISK    QM00001"}, host.DeviceID{Type: host.IDName}, 0},
	{"serial", "sd", map[string]string{"device/serial": "SER  123"}, host.DeviceID{Type: host.IDSerial, Name: "SER__123"}, 0},
	{"a space", "sd", map[string]string{"wwid": " "}, host.DeviceID{Type: host.IDWWID, Name: "_"}, 0},
	{"empty", "sd", map[string]string{"wwid": "", "device/serial": ""}, host.DeviceID{Type: host.IDName}, 0},
	{"virtio's serial", "virtblk", map[string]string{"serial": "vv"}, host.DeviceID{Type: host.IDName}, 0},
	{"nothing", "sd", nil, host.DeviceID{Type: host.IDName}, 0},
	{"partition", "sd", map[string]string{"wwid": "naa.1", "partition": "2"}, host.DeviceID{Type: host.IDWWID, Name: "naa.1"}, 2},
	{"partition of an MD array", "blkext", map[string]string{"md/uuid": "aaaa:bbbb", "partition": "1"}, host.DeviceID{Type: host.IDName}, 1},
	{"MD", "md", map[string]string{"md/uuid": "aaaa:bbbb"}, host.DeviceID{Type: host.IDMD, Name: "aaaa:bbbb"}, 0},
	{"MD without a UUID", "md", map[string]string{"md/level": "raid1", "wwid": "naa.2"}, host.DeviceID{Type: host.IDName}, 0},
	{"multipath", "device-mapper", map[string]string{"dm/uuid": "mpath-3600a"}, host.DeviceID{Type: host.IDMultipath, Name: "mpath-3600a"}, 0},
	{"a partition of multipath", "device-mapper", map[string]string{"dm/uuid": "part1-mpath-3600a"}, host.DeviceID{Type: host.IDMultipath, Name: "part1-mpath-3600a"}, 0},
	{"crypt", "device-mapper", map[string]string{"dm/uuid": "CRYPT-LUKS2-aa-name"}, host.DeviceID{Type: host.IDCrypt, Name: "CRYPT-LUKS2-aa-name"}, 0},
	{"LV", "device-mapper", map[string]string{"dm/uuid": "LVM-abc"}, host.DeviceID{Type: host.IDLV, Name: "LVM-abc"}, 0},
	{"other device-mapper", "device-mapper", map[string]string{"dm/uuid": "foo"}, host.DeviceID{Type: host.IDName}, 0},
	{"loop", "loop", map[string]string{"loop/backing_file": "/a/b c d"}, host.DeviceID{Type: host.IDLoop, Name: "/a/b_c_d"}, 0},
	{"loop whose file is gone", "loop", map[string]string{"loop/backing_file": "/a/b (deleted)", "wwid": "naa.3"}, host.DeviceID{Type: host.IDName}, 0},
}

// sysfs makes a folder of sysfs for the device with the given number.
func sysfs(t testing.TB, major, minor uint32, content map[string]string) (root, dir string) {
	t.Helper()
	root = t.TempDir()
	dir = filepath.Join(root, "devices/virtual/block/disk")
	all := map[string]string{"dev": fmt.Sprintf("%d:%d", major, minor)}
	for name, text := range content {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o600))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(root, "dev/block"), 0o700))
	require.NoError(t, os.Symlink(dir, filepath.Join(root, "dev/block", fmt.Sprintf("%d:%d", major, minor))))
	return root, dir
}

// aDevice is a block device that every machine with loop devices has.
func aDevice(t testing.TB) (path string, major, minor uint32) {
	t.Helper()
	nodes, err := filepath.Glob("/dev/loop[0-9]*")
	require.NoError(t, err)
	for _, node := range nodes {
		if number, err := ioctl.NodeDev(node); err == nil {
			return node, unix.Major(number), unix.Minor(number)
		}
	}
	t.Skip("needs the node of some block device, /dev/loop0")
	return "", 0, 0
}

func TestDevice(t *testing.T) {
	path, major, minor := aDevice(t)
	for _, tt := range idCases {
		t.Run(tt.name, func(t *testing.T) {
			root, _ := sysfs(t, major, minor, tt.files)
			h, _ := plain(t, func(c *host.Config) { c.Sys = root })
			d, err := h.Device(path)
			require.NoError(t, err)
			if tt.want.Type == host.IDName {
				tt.want.Name = path
			}
			require.Equal(t, tt.want, d.ID())
			require.Equal(t, host.DeviceID{Type: host.IDName, Name: path}, d.IDs[len(d.IDs)-1])
			require.Equal(t, tt.part, d.Part)
			require.Equal(t, [2]uint32{major, minor}, [2]uint32{d.Major, d.Minor})
		})
	}
	h, _ := plain(t, func(c *host.Config) { c.Sys = t.TempDir() })
	_, err := h.Device(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = h.Device("/dev/null")
	require.ErrorIs(t, err, unix.ENOTBLK)
}

// lvm2 chooses the same ids, of a loop device that looks like all these.
func TestLvm2DeviceIDs(t *testing.T) {
	m := newMachine(t, 1)
	m.configure("devices/use_devicesfile = 1")
	disk := m.disks[0]
	number, err := ioctl.NodeDev(disk)
	require.NoError(t, err)
	real, err := filepath.EvalSymlinks("/sys/class/block/" + filepath.Base(disk))
	require.NoError(t, err)
	size, err := os.ReadFile(filepath.Join(real, "size"))
	require.NoError(t, err)
	drivers, err := os.ReadFile("/proc/devices")
	require.NoError(t, err)
	require.Contains(t, string(drivers), "  7 loop\n")
	for _, tt := range idCases {
		t.Run(tt.name, func(t *testing.T) {
			content := map[string]string{"size": strings.TrimSpace(string(size))}
			for name, text := range tt.files {
				content[name] = text
			}
			root, dir := sysfs(t, unix.Major(number), unix.Minor(number), content)
			table := filepath.Join(t.TempDir(), "devices")
			require.NoError(t, os.WriteFile(table, []byte(strings.Replace(string(drivers), "  7 loop\n", "  7 "+tt.driver+"\n", 1)), 0o600))
			m.mounts = [][2]string{{dir, real}, {table, "/proc/devices"}}
			require.NoError(t, os.RemoveAll(filepath.Join(m.etc, "devices")))
			// With device-mapper it finds no driver, and says that it did not look at
			// the device.
			m.lvm("lvmdevices", "--adddev", disk)

			h := m.host(func(c *host.Config) { c.Sys = root })
			d, err := h.Device(disk)
			require.NoError(t, err)
			list, err := h.Devices(t.Context())
			require.NoError(t, err)
			require.Equal(t, []host.DeviceEntry{{ID: d.ID(), Name: disk, Part: d.Part}}, list.Entries())
			require.True(t, list.Lists(d, ""))
		})
	}
}
