package lvm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadPartitions(t *testing.T) {
	const heading = "major minor  #blocks  name\n\n"
	disks := []string{"sda", "sdaa", "nvme0n1", "cciss!c0d0", "vda"}
	list, ok := readPartitions(heading+` 254 0 100 vda
   8        0  100 sda
   8        1   50 sda1
  65      160  100 sdaa
  65      161   50 sdaa1
 259        0  100 nvme0n1
 259        1  100 nvme0n1p1
 104        0  100 cciss/c0d0
  11        0  100 sr0
`, "/sys/block", disks)
	require.True(t, ok)
	var paths, dirs []string
	for _, d := range list {
		paths, dirs = append(paths, d.dir.path()), append(dirs, d.dir.dir)
	}
	require.Equal(t, []string{"/dev/vda", "/dev/sda1", "/dev/sdaa1", "/dev/nvme0n1p1", "/dev/cciss/c0d0"}, paths)
	require.Equal(t, []string{"/sys/block/vda", "/sys/block/sda/sda1", "/sys/block/sdaa/sdaa1", "/sys/block/nvme0n1/nvme0n1p1", "/sys/block/cciss!c0d0"}, dirs)

	for _, text := range []string{"", "something else\n", heading + "8 0 sda\n", heading + "x 0 1 sda\n"} {
		_, ok := readPartitions(text, "/sys/block", disks)
		require.False(t, ok, "%q", text)
	}
}

// Both ways find the same on this machine.
func TestBlockDevices(t *testing.T) {
	walked, err := blockDevices("/sys", "")
	require.NoError(t, err)
	read, err := blockDevices("/sys", "/proc")
	require.NoError(t, err)
	require.ElementsMatch(t, walked, read)
}
