package host_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/lvm/text"
)

// conf writes files below /etc/lvm.
func conf(t testing.TB, etc string, content map[string]string) {
	t.Helper()
	for name, text := range content {
		path := filepath.Join(etc, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
}

func settings(t testing.TB, content map[string]string) (host.Settings, error) {
	t.Helper()
	_, dir := plain(t)
	conf(t, filepath.Join(dir, "etc"), content)
	h, err := host.Open(&host.Config{Etc: filepath.Join(dir, "etc"), Node: "node", MachineID: filepath.Join(dir, "etc/machine-id")})
	if err != nil {
		return host.Settings{}, err
	}
	return h.Settings, nil
}

func TestSettingsUnset(t *testing.T) {
	s, err := settings(t, nil)
	require.NoError(t, err)
	s.BackupDir, s.ArchiveDir, s.ProfileDir = "", "", ""
	require.Equal(t, host.Settings{
		LockingDir: "/run/lock/lvm", WaitForLocks: true, PrioritiseWriteLocks: true,
		Umask: 0o77, Hints: true, DevicesFileBackup: 50,
		DefaultAlignment: 2048, AlignmentDetection: true, AlignmentOffset: true, PVMinSize: 4096, PVMetadataCopies: 1,
		ExtentSize: 8192, MaximiseCling: true, WipeSignatures: true, AutoActivationSkip: true, UdevSync: true, UdevRules: true,
		ThinPool: host.ThinPoolSettings{
			Zero: true, Discards: "passdown", ChunkSizePolicy: "generic", Autoextend: host.Autoextend{Threshold: 100, Percent: 20},
		},
		SnapshotAutoextend: host.Autoextend{Threshold: 100, Percent: 20},
		Backup:             true, Archive: true, RetainMin: 10, RetainDays: 30,
	}, s)
}

func TestSettings(t *testing.T) {
	s, err := settings(t, map[string]string{"lvm.conf": `
# all of them
global {
	locking_dir = "/l"	wait_for_locks = 0	prioritise_write_locks = "no"
	umask = 022	metadata_read_only = 1	use_lvmlockd = 1
}
devices {
	filter = "r|/dev/sda|"	global_filter = [ "a|/dev/sdb|", "r|.*|" ]
	use_devicesfile = 1	devicesfile = "mine.devices"	hints = "none"	scan_lvs = 1	issue_discards = 1
	data_alignment = 64	default_data_alignment = 2	pv_min_size = 4096
}
devices/data_alignment_detection = 0
allocation { thin_pool_zero = 0 thin_pool_discards = "nopassdown" thin_pool_chunk_size = 256 physical_extent_size = 8192 }
activation {
	thin_pool_autoextend_threshold = 70	thin_pool_autoextend_percent = 30
	volume_list = [ "vg1", "vg2/lv", "@tag" ]	read_only_volume_list = []
}
backup { archive = 0 backup_dir = "/b" retain_min = 3 retain_days = 0 }
metadata { pvmetadatacopies = 2 pvmetadatasize = 2048 }
activation { thin_pool_autoextend_percent = 31 }
`})
	require.NoError(t, err)
	require.Equal(t, "/l", s.LockingDir)
	require.False(t, s.WaitForLocks || s.PrioritiseWriteLocks || s.Hints || s.AlignmentDetection || s.Archive || s.ThinPool.Zero)
	require.True(t, s.MetadataReadOnly && s.UseLvmlockd && s.ScanLVs && s.IssueDiscards)
	require.Equal(t, fs.FileMode(0o22), s.Umask)
	require.Equal(t, []bool{false, true}, []bool{s.Filter.Accepts("/dev/sda"), s.Filter.Accepts("/dev/sdb")})
	require.Equal(t, []bool{false, true}, []bool{s.GlobalFilter.Accepts("/dev/sda"), s.GlobalFilter.Accepts("/dev/sdb")})
	require.Equal(t, "mine.devices", s.DevicesFile)
	require.EqualValues(t, []int{128, 4096, 8192, 16384, 512}, []int{int(s.DataAlignment), int(s.DefaultAlignment), int(s.PVMinSize), int(s.ExtentSize), int(s.ThinPool.ChunkSize)})
	require.Equal(t, host.Autoextend{Threshold: 70, Percent: 31}, s.ThinPool.Autoextend)
	require.Equal(t, []string{"vg1", "vg2/lv", "@tag"}, s.VolumeList)
	require.NotNil(t, s.ReadOnlyVolumeList)
	require.Nil(t, s.AutoActivationVolumeList)
	require.Equal(t, "/b", s.BackupDir)
	require.Equal(t, []int{3, 0, 2, 2048}, []int{s.RetainMin, s.RetainDays, s.PVMetadataCopies, int(s.PVMetadataSize)})
}

func TestSettingsRefused(t *testing.T) {
	tests := []struct{ name, file, conf, setting string }{
		{"grammar", "lvm.conf", "global {\n", ""},
		{"grammar of another file", "lvmlocal.conf", "x = = 1\n", ""},
		{"flag", "lvm.conf", `backup/backup = "maybe"`, "backup/backup"},
		{"number", "lvm.conf", `backup/retain_min = "ten"`, "backup/retain_min"},
		{"negative", "lvm.conf", `backup/retain_days = -1`, "backup/retain_days"},
		{"percent", "lvm.conf", `activation/thin_pool_autoextend_threshold = 101`, "activation/thin_pool_autoextend_threshold"},
		{"text", "lvm.conf", `global/locking_dir = 1`, "global/locking_dir"},
		{"two values", "lvm.conf", `global/locking_dir = ["a", "b"]`, "global/locking_dir"},
		{"word", "lvm.conf", `allocation/thin_pool_discards = "some"`, "allocation/thin_pool_discards"},
		{"filter", "lvm.conf", `devices/filter = [ "x|a|" ]`, "devices/filter"},
		{"empty filter", "lvm.conf", `devices/filter = []`, "devices/filter"},
		{"numbers in a filter", "lvm.conf", `devices/global_filter = [ 1 ]`, "devices/global_filter"},
		{"list", "lvm.conf", `activation/volume_list = [ "a", 1 ]`, "activation/volume_list"},
		{"devices file", "lvm.conf", `devices { use_devicesfile=1 devicesfile = "../x" }`, "devices/devicesfile"},
		{"source of the system id", "lvm.conf", `global/system_id_source = "moon"`, "global/system_id_source"},
		{"file of the system id", "lvm.conf", `global { system_id_source = "file" system_id_file = "x" }`, "global/system_id_file"},
		{"tag", "lvm.conf", `tags { ".." { } }`, "tags/.."},
		{"hosts of a tag", "lvm.conf", `tags { a { host_list = [1] } }`, "a/host_list"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := settings(t, map[string]string{tt.file: tt.conf})
			e := new(host.SettingError)
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.file, filepath.Base(e.Path))
			if tt.setting == "" {
				require.ErrorAs(t, err, new(*text.Error))
			} else {
				require.Equal(t, tt.setting, e.Name)
			}
			require.True(t, strings.HasPrefix(err.Error(), e.Path+": "), err.Error())
		})
	}
}

// Where use_devicesfile is not set, it is as lvm2 was built.
func TestDevicesFileByDefault(t *testing.T) {
	tests := []struct {
		name, conf string
		file, want bool
	}{
		{"nothing said, no file", "", false, false},
		{"nothing said, a file", "", true, true},
		{"built without", "devices {\n\t# use_devicesfile = 0\n}\n", true, false},
		{"built with", "devices {\n\t# use_devicesfile = 1\n}\n", false, true},
		{"set", "devices {\n\t# use_devicesfile = 1\n\tuse_devicesfile = 0\n}\n", true, false},
		{"set otherwise", "devices {\n\t# use_devicesfile = 0\n\tuse_devicesfile = 1\n}\n", false, true},
	}
	for _, tt := range tests {
		content := map[string]string{"lvm.conf": tt.conf}
		if tt.file {
			content["devices/system.devices"] = ""
		}
		s, err := settings(t, content)
		require.NoError(t, err)
		require.Equal(t, tt.want, s.DevicesFile != "", tt.name)
	}
}

// A profile goes over the settings, and is not kept.
func TestProfile(t *testing.T) {
	h, dir := plain(t)
	conf(t, filepath.Join(dir, "etc"), map[string]string{
		"profile/fast.profile": "activation { thin_pool_autoextend_threshold=80 }\nallocation/thin_pool_zero=0\n",
		"profile/bad.profile":  "activation {",
	})
	s, err := h.Profile("fast")
	require.NoError(t, err)
	require.Equal(t, 80, s.ThinPool.Autoextend.Threshold)
	require.False(t, s.ThinPool.Zero)
	require.True(t, h.Settings.ThinPool.Zero)
	_, err = h.Profile("none")
	require.ErrorIs(t, err, fs.ErrNotExist)
	for _, name := range []string{"bad", "../profile/fast", ""} {
		_, err = h.Profile(name)
		require.ErrorAs(t, err, new(*host.SettingError), name)
	}
}

// Tags without end.
func TestTooManyTags(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, "t%d { }\n", i)
	}
	_, err := settings(t, map[string]string{"lvm.conf": "tags {\n" + b.String() + "}\n"})
	require.ErrorAs(t, err, new(*host.SettingError))
}

// The files of a machine, in lvm2's order: lvmconfig is asked.
func TestLvm2SettingsOrder(t *testing.T) {
	m := newMachine(t, 0)
	node := m.host().Node()
	m.configure(`
tags { hosttags=1 a { host_list=["` + node + `"] } b { host_list=["x","` + node + `"] } c { host_list=["other", "@a"] } "@d" { } }
tags/f/host_list = "` + node + `"
global { umask=1 } backup { retain_min=1 retain_days=1 backup_dir="/m" archive_dir="/m" }`)
	conf(t, m.etc, map[string]string{
		"lvmlocal.conf":          `backup { retain_min=2 } global { umask=2 } allocation/thin_pool_zero=0`,
		"lvm_" + node + ".conf":  `backup { retain_days=3 backup_dir="/vm" } global { umask=3 } tags { e { } }`,
		"lvm_a.conf":             `backup { backup_dir="/a" archive_dir="/a" archive_dir="/a2" }`,
		"lvm_b.conf":             `devices/pv_min_size=8192`,
		"lvm_c.conf":             `global { locking_dir="/c" }`,
		"lvm_d.conf":             `global { locking_dir="/run/lock/lvm" } activation/thin_pool_autoextend_percent=44`,
		"lvm_e.conf":             `activation { thin_pool_autoextend_threshold=77 }`,
		"lvm_nobody_has_it.conf": `activation { thin_pool_autoextend_threshold=78 }`,
	})
	s := m.host().Settings
	got := fmt.Sprintf("backup_dir=%q\narchive_dir=%q\nretain_min=%d\nretain_days=%d\numask=%d\nthin_pool_zero=0\npv_min_size=%d\nthin_pool_autoextend_threshold=%d\nthin_pool_autoextend_percent=%d",
		s.BackupDir, s.ArchiveDir, s.RetainMin, s.RetainDays, s.Umask, s.PVMinSize/2, s.ThinPool.Autoextend.Threshold, s.ThinPool.Autoextend.Percent)
	want := m.lvm("lvmconfig", "backup/backup_dir", "backup/archive_dir", "backup/retain_min", "backup/retain_days", "global/umask",
		"allocation/thin_pool_zero", "devices/pv_min_size", "activation/thin_pool_autoextend_threshold", "activation/thin_pool_autoextend_percent")
	require.Equal(t, want, got)
	require.False(t, s.ThinPool.Zero)
	require.ElementsMatch(t, strings.Fields(m.lvm("tags")), s.HostTags)
}

// lvm2 says the same system id.
func TestLvm2SystemID(t *testing.T) {
	m := newMachine(t, 0)
	tests := []struct{ name, conf, local, file string }{
		{"none", "", "", ""},
		{"uname", `global/system_id_source = "uname"`, "", ""},
		{"upper case", `global/system_id_source = "UNAME"`, "", ""},
		{"machineid", `global/system_id_source = "machineid"`, "", ""},
		{"appmachineid", `global/system_id_source = "appmachineid"`, "", ""},
		{"lvmlocal", `global/system_id_source = "lvmlocal"`, `local { system_id = "my host!x" extra_system_ids = ["o 1", "o2", "!"] }`, ""},
		{"lvmlocal in lvm.conf", `global/system_id_source = "lvmlocal" local/system_id = "main"`, "", ""},
		{"not set", `global/system_id_source = "lvmlocal"`, "", ""},
		{"signs in front", `global/system_id_source = "lvmlocal"`, `local { system_id = "-_.+9ab" }`, ""},
		{"localhost", `global/system_id_source = "lvmlocal"`, `local { system_id = "localhost1" }`, ""},
		{"long", `global/system_id_source = "lvmlocal"`, `local { system_id = "` + strings.Repeat("abcdefg", 20) + `" }`, ""},
		{"file", `global { system_id_source = "file" system_id_file = "/etc/lvm/id" }`, "", "# c\n\n  host from file  \nsecond\n"},
		{"file with a comment behind", `global { system_id_source = "file" system_id_file = "/etc/lvm/id" }`, "", "host2 # x\n"},
		{"no file", `global { system_id_source = "file" system_id_file = "/etc/lvm/id" }`, "", ""},
		{"file not named", `global { system_id_source = "file" }`, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// lvm2 sees the file below its own /etc/lvm.
			path := filepath.Join(m.etc, "id")
			_ = os.Remove(path)
			_ = os.Remove(filepath.Join(m.etc, "lvmlocal.conf"))
			if tt.file != "" {
				conf(t, m.etc, map[string]string{"id": tt.file})
			}
			if tt.local != "" {
				conf(t, m.etc, map[string]string{"lvmlocal.conf": tt.local})
			}
			m.configure(tt.conf)
			want := strings.TrimSpace(strings.TrimPrefix(m.lvm("systemid"), "system ID:"))
			m.configure(strings.ReplaceAll(tt.conf, "/etc/lvm/id", path))
			s := m.host().Settings
			require.Equal(t, want, s.SystemID)
			require.True(t, s.MayUse(""))
			require.True(t, s.MayUse(s.SystemID))
			require.False(t, s.MayUse("foreign"))
			if tt.name == "lvmlocal" {
				require.Equal(t, []string{"o1", "o2"}, s.ExtraSystemIDs)
				require.True(t, s.MayUse("o2"))
			}
		})
	}
}

// FuzzSettings reads lvm.conf, and a second text as each of the files that may go
// over it.
func FuzzSettings(f *testing.F) {
	f.Add("global { umask = 1 } devices/filter = [\"a|x|\"]", "tags { a { host_list = [\"node\", \"@b\"] } hosttags = 1 }")
	f.Fuzz(func(t *testing.T, main, over string) {
		etc := t.TempDir()
		conf(t, etc, map[string]string{
			"lvm.conf": main, "lvmlocal.conf": over, "lvm_a.conf": over, "lvm_node.conf": over, "profile/p.profile": over, "machine-id": over,
		})
		h, err := host.Open(&host.Config{Etc: etc, Node: "node", MachineID: filepath.Join(etc, "machine-id")})
		if err != nil {
			require.ErrorAs(t, err, new(*host.SettingError))
			require.NotEmpty(t, err.Error())
			return
		}
		s := h.Settings
		require.True(t, s.MayUse(s.SystemID))
		if s.MayAutoActivate("vg", "lv", "a", "node") {
			require.True(t, s.MayActivate("vg", "lv", "a", "node"))
		}
		_ = s.ActivateReadOnly("vg", "lv")
		if _, err := h.Profile("p"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			require.ErrorAs(t, err, new(*host.SettingError))
		}
	})
}

// Opening with the lvm.conf of Debian's lvm2, 110 KB of comments.
func BenchmarkOpen(b *testing.B) {
	text, err := os.ReadFile("/etc/lvm/lvm.conf")
	if err != nil {
		b.Skip(err)
	}
	etc := b.TempDir()
	conf(b, etc, map[string]string{"lvm.conf": string(text)})
	for b.Loop() {
		_, err := host.Open(&host.Config{Etc: etc})
		require.NoError(b, err)
	}
}
