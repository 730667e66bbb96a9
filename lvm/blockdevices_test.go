package lvm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestReadPartitions(t *testing.T) {
	const heading = "major minor  #blocks  name\n\n"
	sys, proc := t.TempDir(), t.TempDir()
	for _, dir := range []string{"vda", "sda/sda1", "sdaa/sdaa1", "nvme0n1/nvme0n1p1", "cciss!c0d0", "sr0", "loop1", "loop10"} {
		require.NoError(t, os.MkdirAll(filepath.Join(sys, "block", dir), 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(proc, "partitions"), []byte(heading+` 254 0 100 vda
   8        0  100 sda
   8        1   50 sda1
  65      160  100 sdaa
  65      161   50 sdaa1
 259        0  100 nvme0n1
 259        1  100 nvme0n1p1
 104        0  100 cciss/c0d0
  11        0  100 sr0
   7        1  100 loop1
   7       10  100 loop10
   9        9  100 gone
`), 0o600))
	list, err := (&deviceSearch{sys: sys, proc: proc}).blockDevices()
	require.NoError(t, err)
	var paths, dirs []string
	for _, d := range list {
		paths, dirs = append(paths, d.Path), append(dirs, strings.TrimPrefix(d.dir.dir, sys))
	}
	require.Equal(t, []string{"/dev/vda", "/dev/sda1", "/dev/sdaa1", "/dev/nvme0n1p1", "/dev/cciss/c0d0", "/dev/loop1", "/dev/loop10"}, paths)
	require.Equal(t, []string{
		"/block/vda", "/block/sda/sda1", "/block/sdaa/sdaa1", "/block/nvme0n1/nvme0n1p1", "/block/cciss!c0d0", "/block/loop1", "/block/loop10",
	}, dirs)
	require.Equal(t, unix.Mkdev(65, 161), list[2].Number)

	list, err = (&deviceSearch{sys: sys, proc: proc, want: func(d HostDevice) bool { return d.Path == "/dev/sda1" || d.Path == "/dev/sda" }}).blockDevices()
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, "/dev/sda1", list[0].Path)

	for _, text := range []string{"", "something else\n", heading + "8 0 sda\n", heading + "x 0 1 sda\n"} {
		_, ok := readPartitions(text)
		require.False(t, ok, "%q", text)
	}
}

// Both ways find the same on this machine.
func TestBlockDevices(t *testing.T) {
	walked, err := (&deviceSearch{sys: "/sys"}).blockDevices()
	require.NoError(t, err)
	read, err := (&deviceSearch{sys: "/sys", proc: "/proc"}).blockDevices()
	require.NoError(t, err)
	require.ElementsMatch(t, walked, read)
}

// What the kernel says is an LV is not looked up in sysfs.
func TestLVsAreNotLookedUp(t *testing.T) {
	sys, proc := t.TempDir(), t.TempDir()
	put := func(name, text string) {
		path := filepath.Join(sys, "block", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	for i, dev := range []string{"dm-0", "dm-1", "sda"} {
		put(dev+"/size", "100")
		put(dev+"/dev", fmt.Sprintf("254:%d", i))
		put(dev+"/dm/name", "crypt")
		put(dev+"/dm/uuid", "CRYPT-x")
	}
	put("sda/holders/dm-7/dm/uuid", "mpath-x") // which is not read of an LV
	require.NoError(t, os.WriteFile(filepath.Join(proc, "partitions"), []byte("major minor  #blocks  name\n\n 254 0 100 dm-0\n 254 1 100 dm-1\n 254 2 100 sda\n"), 0o600))
	for _, proc := range []string{proc, ""} {
		var asked []uint32
		search := deviceSearch{sys: sys, proc: proc, isLV: func(minor uint32) bool {
			asked = append(asked, minor)
			return minor == 0 || minor == 7
		}}
		list, err := search.hostDevices()
		require.NoError(t, err)
		require.Equal(t, []HostDevice{{"/dev/mapper/crypt", unix.Mkdev(254, 1)}, {"/dev/sda", unix.Mkdev(254, 2)}}, list)
		require.Equal(t, []uint32{0, 1, 7}, asked, "the disks in turn, and what is on the last")
	}
}
