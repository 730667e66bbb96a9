package host_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/host"
)

func TestBackup(t *testing.T) {
	h, dir := plain(t)
	require.NoError(t, h.RemoveBackup("vg"), "none")
	_, err := h.ReadBackup("vg")
	require.ErrorIs(t, err, fs.ErrNotExist)
	for _, text := range []string{"one", "two"} {
		require.NoError(t, h.WriteBackup("vg", []byte(text)))
		got, err := h.ReadBackup("vg")
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	backups := filepath.Join(dir, "etc/backup")
	require.Equal(t, []string{"vg"}, files(t, backups), "no temporary file")
	for path, mode := range map[string]fs.FileMode{backups: 0o700 | fs.ModeDir, filepath.Join(backups, "vg"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode())
	}
	require.NoError(t, h.RemoveBackup("vg"))
	require.Empty(t, files(t, backups))
	for _, name := range []string{"..", "a/b", ""} {
		require.ErrorIs(t, h.WriteBackup(name, nil), host.ErrVGName)
		require.ErrorIs(t, h.WriteArchive(name, 1, nil), host.ErrVGName)
		require.ErrorIs(t, h.RemoveBackup(name), host.ErrVGName)
		_, err := h.ReadBackup(name)
		require.ErrorIs(t, err, host.ErrVGName)
	}

	// What is in the way stays, and no temporary file either.
	require.NoError(t, os.MkdirAll(filepath.Join(backups, "vg/x"), 0o700))
	require.Error(t, h.WriteBackup("vg", []byte("three")))
	require.Equal(t, []string{"vg"}, files(t, backups))
}

func TestBackupTurnedOff(t *testing.T) {
	_, dir := plain(t)
	etc := filepath.Join(dir, "etc")
	conf(t, etc, map[string]string{"lvm.conf": "backup { backup=0 archive=0 }", "backup/vg": "kept"})
	h, err := host.Open(&host.Config{Etc: etc, Run: filepath.Join(dir, "run")})
	require.NoError(t, err)
	require.NoError(t, h.WriteBackup("vg", []byte("x")))
	require.NoError(t, h.WriteArchive("vg", 16, []byte("x")))
	require.NoError(t, h.RemoveBackup("vg"))
	require.Equal(t, []string{"vg"}, files(t, filepath.Join(etc, "backup")))
	require.NoDirExists(t, filepath.Join(etc, "archive"))
}

// age makes an archived text older.
func age(t testing.TB, path string, days int) {
	t.Helper()
	then := time.Now().AddDate(0, 0, -days)
	require.NoError(t, os.Chtimes(path, then, then))
}

func TestArchive(t *testing.T) {
	h, dir := plain(t)
	archive := filepath.Join(dir, "etc/archive")
	for seqno := range uint32(15) {
		require.NoError(t, h.WriteArchive("vg", seqno+1, []byte(fmt.Sprint(seqno+1))))
	}
	conf(t, archive, map[string]string{"vg_x_00001-1.vg": "", "vg_00001.vg": "", "vg_a-1.vg": "", "vg_1-x.vg": "", "vg_00001-2.vg.tmp": "", "other": ""})
	all, err := h.ListArchive("vg")
	require.NoError(t, err)
	require.Len(t, all, 15)
	for i, a := range all {
		require.EqualValues(t, i+1, a.Index)
		require.Regexp(t, fmt.Sprintf(`/archive/vg_%05d-\d+\.vg$`, i+1), a.Path)
		text, err := os.ReadFile(a.Path)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(i+1), string(text))
		if i != 3 {
			age(t, a.Path, 31)
		}
	}
	// At a change that is no multiple of 16 nothing is looked for.
	require.NoError(t, h.WriteArchive("vg", 17, nil))
	all, err = h.ListArchive("vg")
	require.NoError(t, err)
	require.Len(t, all, 16)
	require.NoError(t, h.WriteArchive("vg", 32, nil))
	all, err = h.ListArchive("vg")
	require.NoError(t, err)
	var left []uint64
	for _, a := range all {
		left = append(left, a.Index)
	}
	// The last ten, and among them one that is young, as lvm2 does it.
	require.Equal(t, []uint64{4, 9, 10, 11, 12, 13, 14, 15, 17, 32}, left)
	require.Len(t, files(t, archive), 10+6, "the others' are left alone")

	empty, err := host.Open(&host.Config{Etc: t.TempDir()})
	require.NoError(t, err)
	all, err = empty.ListArchive("vg")
	require.NoError(t, err)
	require.Empty(t, all)
	require.NoError(t, empty.ExpireArchive("vg"))
}

// lvm2 restores what rok keeps, goes on with its numbers, and forgets the same
// texts.
func TestLvm2Backup(t *testing.T) {
	m := newMachine(t, 1)
	m.configure("")
	m.lvm("vgcreate", "vg", m.disks[0])
	h := m.host()
	h.Settings.BackupDir, h.Settings.ArchiveDir = filepath.Join(m.etc, "backup"), filepath.Join(m.etc, "archive")
	before, err := h.ReadBackup("vg")
	require.NoError(t, err)
	m.lvm("vgchange", "--addtag", "later", "vg")
	after, err := h.ReadBackup("vg")
	require.NoError(t, err)
	require.NoError(t, h.WriteArchive("vg", 40, before))
	require.NoError(t, h.WriteBackup("vg", after))
	m.lvm("vgchange", "--addtag", "last", "vg")
	all, err := h.ListArchive("vg")
	require.NoError(t, err)
	require.EqualValues(t, []uint64{0, 40, 41}, []uint64{all[0].Index, all[1].Index, all[2].Index}, "lvm2 goes on")
	require.Equal(t, 4, strings.Count(m.lvm("vgcfgrestore", "--list", "vg"), "File:"))

	require.NoError(t, h.WriteBackup("vg", after))
	m.lvm("vgcfgrestore", "vg")
	require.Equal(t, []string{"later"}, m.report("vgs", "-o", "vg_tags"))
	m.lvm("vgcfgrestore", "-f", "/etc/lvm/archive/"+filepath.Base(all[1].Path), "vg")
	require.Equal(t, []string{""}, append(m.report("vgs", "-o", "vg_tags"), "")[:1])

	// The same files, expired by lvm2 and by rok.
	lay := func() {
		require.NoError(t, os.RemoveAll(h.Settings.ArchiveDir))
		for i := range 20 {
			name := fmt.Sprintf("archive/vg_%05d-7.vg", i)
			conf(t, m.etc, map[string]string{name: string(before)})
			age(t, filepath.Join(m.etc, name), 40*(i%3))
		}
	}
	left := func() (names []string) {
		all, err := h.ListArchive("vg")
		require.NoError(t, err)
		for _, a := range all[:len(all)-1] { // the newest has a random name
			names = append(names, filepath.Base(a.Path))
		}
		return names
	}
	lay()
	m.lvm("vgchange", "--addtag", "x", "vg")
	theirs := left()
	lay()
	require.NoError(t, h.WriteArchive("vg", 32, before))
	require.Equal(t, theirs, left())
	require.Less(t, len(theirs), 19)
}

func TestForget(t *testing.T) {
	h, dir := plain(t)
	run := filepath.Join(dir, "run")
	require.NoError(t, h.ForgetVG("vg", "PV1", "PV2"), "nothing there")
	conf(t, run, map[string]string{
		"pvs_online/PV1": "7:1\n", "pvs_online/PV2": "", "pvs_online/PV3": "",
		"pvs_lookup/vg": "", "vgs_online/vg": "", "vgs_online/other": "", "vgs_online/third": "",
	})
	require.NoError(t, h.ForgetVG("vg", "PV1", "PV2", ""))
	require.Equal(t, []string{"PV3"}, files(t, filepath.Join(run, "pvs_online")))
	require.Empty(t, files(t, filepath.Join(run, "pvs_lookup")))
	require.NoError(t, h.VGInactive("other"))
	require.Equal(t, []string{"third"}, files(t, filepath.Join(run, "vgs_online")))
	require.ErrorIs(t, h.ForgetVG("../x"), host.ErrVGName)
	require.ErrorIs(t, h.VGInactive(""), host.ErrVGName)
}

// A VG that is made anew with an old name is activated again: its mark is gone.
func TestLvm2Forget(t *testing.T) {
	m := newMachine(t, 1)
	m.lvm("vgcreate", "vg", m.disks[0])
	m.lvm("pvscan", "--cache", "-aay")
	pvid := host.CompactPVID(m.report("pvs", "-o", "pv_uuid")[0])
	online := func(name string) string { return filepath.Join(m.run, "lvm", name) }
	require.FileExists(t, online("vgs_online/vg"))
	again := func() string {
		m.lvm("vgcreate", "vg", m.disks[0])
		out := m.lvm("pvscan", "--cache", "-aay", m.disks[0])
		m.lvm("vgremove", "vg")
		return out
	}
	m.lvm("vgremove", "vg")
	require.FileExists(t, online("vgs_online/vg"), "lvm2 2.03.16 leaves it")
	require.FileExists(t, online("pvs_online/"+pvid))
	require.NotContains(t, again(), "run autoactivation")
	require.NoError(t, m.host().ForgetVG("vg", pvid))
	for _, dir := range []string{"vgs_online", "pvs_online", "pvs_lookup"} {
		require.Empty(t, files(t, online(dir)), dir)
	}
	require.Contains(t, again(), "VG vg run autoactivation")
}
