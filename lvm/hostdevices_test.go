package lvm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/lvm"
)

// sysfs makes a tree of files below a folder; "dir/file=text".
func sysfs(t *testing.T, files ...string) string {
	t.Helper()
	sys := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(sys, "block"), 0o755))
	for _, f := range files {
		name, text, isFile := strings.Cut(f, "=")
		path := filepath.Join(sys, "block", name)
		if !isFile {
			require.NoError(t, os.MkdirAll(path, 0o755))
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text+"\n"), 0o644))
	}
	return sys
}

func TestHostDevices(t *testing.T) {
	disk := func(name, dev, size string) []string {
		return []string{name + "/dev=" + dev, name + "/size=" + size, name + "/holders"}
	}
	mapped := func(name, dev, node, uuid, suspended string) []string {
		return append(disk(name, dev, "2048"), name+"/dm/name="+node, name+"/dm/uuid="+uuid, name+"/dm/suspended="+suspended)
	}
	var files []string
	for _, f := range [][]string{
		disk("sdb", "8:16", "204800"),
		disk("sda", "8:0", "204800"),
		disk("sda/sda2", "8:2", "2048"), {"sda/sda2/partition=2"},
		disk("sda/sda1", "8:1", "0"), {"sda/sda1/partition=1"},
		disk("sr0", "11:0", "2097151"),
		disk("fd0", "2:0", "8"),
		disk("zram0", "253:0", "8"),
		disk("srx", "240:0", "8"), // no optical drive
		disk("loop0", "7:0", "0"),
		disk("loop1", "7:1", "2048"),
		disk("cciss!c0d0", "104:0", "2048"),
		mapped("dm-0", "254:0", "vg-lv", "LVM-abc", "0"),
		mapped("dm-1", "254:1", "crypt", "CRYPT-LUKS2-abc", "0"),
		mapped("dm-2", "254:2", "frozen", "CRYPT-LUKS2-def", "1"),
		mapped("dm-3", "254:3", "mpatha", "mpath-abc", "0"),
		disk("sdc", "8:32", "2048"), {"sdc/holders/dm-3/dm/uuid=mpath-abc"},
		disk("sdd", "8:48", "2048"), {"sdd/holders/md0"},
		disk("sde", "8:64", "2048"), {"sde/holders/dm-0/dm/uuid=LVM-abc"},
		disk("md0", "9:0", "2048"),
		{"gone"},
		{"odd/size=8", "odd/dev=x:y"}, {"odd2/size=8", "odd2/dev=1:y"},
	} {
		files = append(files, f...)
	}
	list, err := lvm.HostDevices(sysfs(t, files...))
	require.NoError(t, err)
	var paths []string
	for _, d := range list {
		paths = append(paths, d.Path)
	}
	require.Equal(t, []string{
		"/dev/loop1", "/dev/sda2", "/dev/sdb", "/dev/sde", "/dev/md0", "/dev/cciss/c0d0", "/dev/srx",
		"/dev/mapper/crypt", "/dev/mapper/mpatha",
	}, paths)
	require.Equal(t, unix.Mkdev(8, 2), list[1].Number)

	_, err = lvm.HostDevices(filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = lvm.HostDevices("") // of this machine
	require.NoError(t, err)
}
