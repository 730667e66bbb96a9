package compare

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

func TestWhatIsOn(t *testing.T) {
	tests := []struct {
		name, at string
		offset   int64
		size     int64
		want     string
	}{
		{"zeros", "", 0, 4 << 20, ""},
		{"short zeros", "", 0, 4096, ""},
		{"empty", "", 0, 0, ""},
		{"ext4", "\x53\xef", 1080, 4 << 20, "has an ext2, ext3 or ext4 file system"},
		{"lvm2", "LABELONE", 512, 4 << 20, "is an LVM2 physical volume"},
		{"gpt", "EFI PART", 512, 4 << 20, "has a GPT partition table"},
		{"mbr", "\x55\xaa", 510, 4 << 20, "has a partition table or a boot sector"},
		{"xfs", "XFSB", 0, 4 << 20, "has an XFS file system"},
		{"luks", "LUKS\xba\xbe", 0, 4 << 20, "is encrypted with LUKS"},
		{"unknown at the beginning", "x", 5000, 4 << 20, "has data on it"},
		{"unknown at the end", "x", 4<<20 - 1, 4 << 20, "has data on it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := os.Create(filepath.Join(t.TempDir(), "disk"))
			require.NoError(t, err)
			defer f.Close()
			require.NoError(t, f.Truncate(tt.size))
			_, err = f.WriteAt([]byte(tt.at), tt.offset)
			require.NoError(t, err)
			got, err := whatIsOn(f)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestClaimDeviceRefusesFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := claimDevice(path, path)
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	require.EqualError(t, err, "compare: "+path+": is not a block device")
	_, err = claimDevice(path+"-none", "")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A link is followed once, and a disk below a loop device is in use.
func TestKernelClaimDeviceLink(t *testing.T) {
	open(t, t.TempDir())
	path := testenv.LoopDisk(t, units.MiB)
	link := filepath.Join(t.TempDir(), "by-id")
	require.NoError(t, os.Symlink(path, link))
	f, err := claimDevice(link, "")
	require.NoError(t, err)
	require.Equal(t, path, f.Name())
	require.NoError(t, f.Close())

	above, err := ioctl.AttachLoop(path, ioctl.LoopConfig{})
	require.NoError(t, err)
	var refused *RefusedError
	for _, named := range []string{path, link} {
		_, err = claimDevice(named, named)
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "is in use: "+above.Path()+" stands on it", refused.Reason)
	}
	require.NoError(t, above.Detach())
}

func TestKernelClaimDeviceReadOnly(t *testing.T) {
	open(t, t.TempDir())
	image := filepath.Join(t.TempDir(), testenv.Prefix+"image")
	require.NoError(t, os.WriteFile(image, make([]byte, units.MiB), 0o600))
	loop, err := ioctl.AttachLoop(image, ioctl.LoopConfig{ReadOnly: true})
	require.NoError(t, err)
	_, err = claimDevice(loop.Path(), loop.Path())
	require.EqualError(t, err, "compare: "+loop.Path()+": is read-only")
	require.NoError(t, loop.Detach())
}

// The whole disk of a partition that is in use is in use.
func TestKernelClaimDevicePartition(t *testing.T) {
	conn := open(t, t.TempDir())
	image := filepath.Join(t.TempDir(), testenv.Prefix+"image")
	table := make([]byte, 4*units.MiB)
	// One primary partition of type Linux from sector 2048, 2048 sectors long.
	copy(table[446:], "\x00\x00\x00\x00\x83\x00\x00\x00\x00\x08\x00\x00\x00\x08\x00\x00")
	copy(table[510:], "\x55\xaa")
	require.NoError(t, os.WriteFile(image, table, 0o600))
	loop, err := ioctl.AttachLoop(image, ioctl.LoopConfig{PartScan: true})
	require.NoError(t, err)
	part := loop.Path() + "p1"
	number, err := ioctl.NodeDev(part)
	require.NoError(t, err)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: testenv.Name(t), Table: dm.Table{{
		Length: 8, Target: dm.Linear{Dev: dm.BlockDev{Dev: dm.DevFromUint64(number)}},
	}}})
	require.NoError(t, err)
	for _, path := range []string{loop.Path(), part} {
		_, err = claimDevice(path, path)
		require.ErrorContains(t, err, path+": is in use: it or a partition of it is mounted")
	}
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	_, err = claimDevice(loop.Path(), "")
	require.ErrorContains(t, err, "has a partition table")
	require.NoError(t, loop.Detach())
}

// A disk under another device is in use, whatever --destroy says.
func TestKernelClaimDeviceInUse(t *testing.T) {
	conn := open(t, t.TempDir())
	path := testenv.LoopDisk(t, units.MiB)
	number, err := ioctl.NodeDev(path)
	require.NoError(t, err)
	d, err := conn.Create(t.Context(), dm.CreateRequest{Name: testenv.Name(t), Table: dm.Table{{
		Length: 8, Target: dm.Linear{Dev: dm.BlockDev{Dev: dm.DevFromUint64(number)}},
	}}})
	require.NoError(t, err)
	_, err = claimDevice(path, path)
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	require.ErrorContains(t, err, "is in use")
	require.NoError(t, d.Remove(t.Context(), dm.RemoveOptions{}))
	f, err := claimDevice(path, "")
	require.NoError(t, err)
	require.NoError(t, f.Close())
}
