package host_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

const devicesText = `# LVM uses devices listed in this file.
# A comment of somebody's.
# Created by LVM command vgcreate pid 4711 at Thu Nov 26 11:04:11 2026
# HASH=1657731314
HOSTNAME=vm
SOMETHING=new
VERSION=1.1.7
IDTYPE=loop_file IDNAME=/a.img DEVNAME=/dev/loop1 PVID=vOP2cxBVE9Ny0ZWC0RPVhyTEvIMwfm2a
IDTYPE=sys_wwid IDNAME=naa.1 DEVNAME=/dev/sda1 PVID=. PART=1 LATER=x
IDTYPE=sys_wwid IDNAME=naa.1 DEVNAME=/dev/sda2 PVID=. PART=2
 IDTYPE=devname IDNAME=/dev/vdb DEVNAME=/dev/vdb PVID=tCNgQq4LpwQ82BwzOa7dcycxbBC5HZ1m
`

func TestDevicesFile(t *testing.T) {
	f, err := host.ParseDevicesFile(devicesText)
	require.NoError(t, err)
	require.Equal(t, uint32(7), f.Version())
	require.Equal(t, []host.DeviceEntry{
		{ID: host.DeviceID{Type: host.IDLoop, Name: "/a.img"}, Name: "/dev/loop1", PVID: "vOP2cxBVE9Ny0ZWC0RPVhyTEvIMwfm2a"},
		{ID: host.DeviceID{Type: host.IDWWID, Name: "naa.1"}, Name: "/dev/sda1", Part: 1},
		{ID: host.DeviceID{Type: host.IDWWID, Name: "naa.1"}, Name: "/dev/sda2", Part: 2},
		{ID: host.DeviceID{Type: host.IDName, Name: "/dev/vdb"}, Name: "/dev/vdb", PVID: "tCNgQq4LpwQ82BwzOa7dcycxbBC5HZ1m"},
	}, f.Entries())

	// What stays the same changes nothing.
	for _, e := range f.Entries() {
		f.Put(e)
	}
	f.ClearPVID("")
	require.False(t, f.Remove(host.DeviceID{Type: host.IDWWID, Name: "naa.1"}, 3))
	require.False(t, f.Changed())

	// The same device, another PV; a PV on another device; a new device.
	f.Put(host.DeviceEntry{ID: host.DeviceID{Type: host.IDWWID, Name: "naa.1"}, Name: "/dev/sdb1", PVID: "PV1", Part: 1})
	f.Put(host.DeviceEntry{ID: host.DeviceID{Type: host.IDSerial, Name: "S1"}, Name: "/dev/vdc", PVID: "tCNgQq4LpwQ82BwzOa7dcycxbBC5HZ1m"})
	f.Put(host.DeviceEntry{ID: host.DeviceID{Type: host.IDMD, Name: "a:b"}})
	f.ClearPVID("vOP2cxBVE9Ny0ZWC0RPVhyTEvIMwfm2a")
	require.True(t, f.Remove(host.DeviceID{Type: host.IDWWID, Name: "naa.1"}, 2))
	require.True(t, f.Changed())
	require.Equal(t, strings.NewReplacer(
		"PVID=vOP2cxBVE9Ny0ZWC0RPVhyTEvIMwfm2a", "PVID=.",
		"DEVNAME=/dev/sda1 PVID=. PART=1 LATER=x", "DEVNAME=/dev/sdb1 PVID=PV1 PART=1 LATER=x",
		"IDTYPE=sys_wwid IDNAME=naa.1 DEVNAME=/dev/sda2 PVID=. PART=2\n", "",
		"IDTYPE=devname IDNAME=/dev/vdb DEVNAME=/dev/vdb", "IDTYPE=sys_serial IDNAME=S1 DEVNAME=/dev/vdc",
		"VERSION=1.1.7", "VERSION=1.1.8",
		"vgcreate pid 4711 at Thu Nov 26 11:04:11 2026", "rok pid 1 at now",
		"# HASH=1657731314", "# HASH=2227271374",
	).Replace(devicesText)+"IDTYPE=md_uuid IDNAME=a:b DEVNAME=. PVID=.\n", host.NextDevices(f, "rok pid 1 at now"))
}

// A device that is there in another form gets no second entry.
func TestPutDevice(t *testing.T) {
	device := func(ids ...host.DeviceID) *host.Device {
		return &host.Device{Path: "/dev/sdx", IDs: append(ids, host.DeviceID{Type: host.IDName, Name: "/dev/sdx"})}
	}
	wwid := host.DeviceID{Type: host.IDWWID, Name: "t10.ATA_____SAMSUNG_MZ7LH960__S45NNC0R___"}
	tests := []struct {
		name, have, want string
		d                *host.Device
	}{
		{"new", "", "IDTYPE=sys_wwid IDNAME=t10.ATA_____SAMSUNG_MZ7LH960__S45NNC0R___ DEVNAME=/dev/sdx PVID=PV", device(wwid)},
		{"the same", "IDTYPE=sys_wwid IDNAME=t10.ATA_____SAMSUNG_MZ7LH960__S45NNC0R___ DEVNAME=/dev/sdb PVID=.",
			"IDTYPE=sys_wwid IDNAME=t10.ATA_____SAMSUNG_MZ7LH960__S45NNC0R___ DEVNAME=/dev/sdx PVID=PV", device(wwid)},
		{"of a later lvm2", "IDTYPE=sys_wwid IDNAME=t10.ATA_SAMSUNG_MZ7LH960_S45NNC0R DEVNAME=/dev/sdb PVID=.",
			"IDTYPE=sys_wwid IDNAME=t10.ATA_SAMSUNG_MZ7LH960_S45NNC0R DEVNAME=/dev/sdx PVID=PV", device(wwid)},
		{"by its path", "IDTYPE=devname IDNAME=/dev/sdx DEVNAME=/dev/sdx PVID=.", "IDTYPE=devname IDNAME=/dev/sdx DEVNAME=/dev/sdx PVID=PV", device(wwid)},
		{"a partition of it", "IDTYPE=devname IDNAME=/dev/sdx DEVNAME=/dev/sdx PVID=. PART=1",
			"IDTYPE=devname IDNAME=/dev/sdx DEVNAME=/dev/sdx PVID=. PART=1\nIDTYPE=devname IDNAME=/dev/sdx DEVNAME=/dev/sdx PVID=PV", device()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := host.ParseDevicesFile(tt.have)
			require.NoError(t, err)
			f.PutDevice(tt.d, "PV")
			require.True(t, f.Lists(tt.d, ""))
			_, entries, _ := strings.Cut(host.NextDevices(f, "rok"), "VERSION=1.1.1\n")
			require.Equal(t, tt.want+"\n", entries)
		})
	}
}

// The HASH is lvm2's: of files that 2.03.31 wrote.
func TestDevicesHash(t *testing.T) {
	text, err := os.ReadFile("testdata/devices/2.03.31.devices")
	require.NoError(t, err)
	want := ""
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "# HASH="); ok {
			want = strings.TrimSpace(rest)
		}
	}
	require.NotEmpty(t, want)
	require.Equal(t, want, host.DevicesHash(string(text)))
}

func TestDevicesFileRefused(t *testing.T) {
	tests := []struct {
		name, text string
		line       int
	}{
		{"later version", "VERSION=2.0.1\n", 1},
		{"half a version", "#\nVERSION=1.1\n", 2},
		{"no version", "VERSION=\n", 1},
		{"no number", "VERSION=1.1.x\n", 1},
		{"two versions", "VERSION=1.1.1\n\nVERSION=1.1.1\n", 3},
		{"no name", "IDTYPE=sys_wwid DEVNAME=/dev/sda\n", 1},
		{"no type", "\n\nIDTYPE= IDNAME=x\n", 3},
		{"partition", "IDTYPE=sys_wwid IDNAME=x PART=-1\n", 1},
		{"too large", strings.Repeat("#\n", 9<<20), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := host.ParseDevicesFile(tt.text)
			e := new(host.DevicesFileError)
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.line, e.Line)
		})
	}
}

// Editing: nothing without a file, nothing where nothing changes, and an error
// leaves all as it was.
func TestEditDevices(t *testing.T) {
	h, dir := plain(t)
	path := filepath.Join(dir, "etc/devices/system.devices")
	require.NoError(t, h.EditDevices(t.Context(), func(f *host.DevicesFile) error { panic("not in use") }))
	list, err := h.Devices(t.Context())
	require.NoError(t, err)
	require.Nil(t, list)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "etc/lvm.conf"), []byte("devices/use_devicesfile=1"), 0o600))
	h, err = host.Open(&host.Config{Etc: filepath.Join(dir, "etc"), Run: filepath.Join(dir, "run"), Locks: filepath.Join(dir, "lock")})
	require.NoError(t, err)
	d := &host.Device{Path: "/dev/sda", IDs: []host.DeviceID{{Type: host.IDName, Name: "/dev/sda"}}}
	require.NoError(t, h.PutDevice(t.Context(), d, "PV"))
	require.NoError(t, h.EditDevices(t.Context(), func(*host.DevicesFile) error { return nil }))
	require.NoFileExists(t, path, "lvm2 makes one only where there are no PVs")

	put := func(f *host.DevicesFile) error {
		f.Put(host.DeviceEntry{ID: d.ID(), Name: d.Path})
		return nil
	}
	require.NoError(t, h.EditDevices(t.Context(), put))
	require.NoError(t, h.PutDevice(t.Context(), d, "PV"))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Regexp(t, `^# LVM uses devices listed in this file\.
# Created by LVM command rok pid \d+ at .*
VERSION=1\.1\.2
IDTYPE=devname IDNAME=/dev/sda DEVNAME=/dev/sda PVID=PV
$`, string(text))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode())

	wrong := errors.New("wrong")
	require.ErrorIs(t, h.EditDevices(t.Context(), func(f *host.DevicesFile) error { _ = put(f); return wrong }), wrong)
	require.NoError(t, os.WriteFile(path, []byte("VERSION=3.0.0\n"), 0o600))
	e := new(host.DevicesFileError)
	require.ErrorAs(t, h.EditDevices(t.Context(), put), &e)
	require.ErrorAs(t, h.PutDevice(t.Context(), d, "PV"), &e)
	require.Equal(t, []string{"D_system.devices"}, files(t, filepath.Join(dir, "lock")), "as lvm2 leaves it")
}

// Files of versions with a HASH have backups, the last few of them.
func TestDevicesBackups(t *testing.T) {
	_, dir := plain(t)
	etc := filepath.Join(dir, "etc")
	require.NoError(t, os.WriteFile(filepath.Join(etc, "lvm.conf"), []byte("devices { use_devicesfile=1 devicesfile_backup_limit=3 }"), 0o600))
	h, err := host.Open(&host.Config{Etc: etc, Run: filepath.Join(dir, "run"), Locks: filepath.Join(dir, "lock")})
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(etc, "devices/backup"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(etc, "devices/backup/other"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(etc, "devices/system.devices"), []byte(devicesText), 0o600))
	for _, pvid := range []string{"a", "b", "c", "d", "e"} {
		require.NoError(t, h.EditDevices(t.Context(), func(f *host.DevicesFile) error {
			e := f.Entries()[0]
			e.PVID = pvid
			f.Put(e)
			return nil
		}))
	}
	names := files(t, filepath.Join(etc, "devices/backup"))
	require.Len(t, names, 4)
	require.Equal(t, "other", names[0])
	for i, n := range []string{"0010", "0011", "0012"} {
		require.Regexp(t, `^system\.devices-\d{8}\.\d{6}\.`+n+`$`, names[i+1])
	}
	last, err := os.ReadFile(filepath.Join(etc, "devices/backup", names[3]))
	require.NoError(t, err)
	now, err := os.ReadFile(filepath.Join(etc, "devices/system.devices"))
	require.NoError(t, err)
	require.Equal(t, string(now), string(last))
	require.Contains(t, string(now), "# HASH="+host.DevicesHash(string(now))+"\n")
}
