package lvm_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/linear"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// loopOf attaches a loop device with blocks of the given size.
func loopOf(t *testing.T, size, block units.Bytes) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), testenv.Prefix+"image")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, int64(size)))
	loop, err := ioctl.AttachLoop(path, ioctl.LoopConfig{BlockSize: block})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, loop.Detach()) })
	return loop.Path()
}

// Block devices are used around the page cache, whatever their block size, and
// lvm2, which does so too, sees each change at once, as rok sees lvm2's.
//
//	vg   on two loop devices, of blocks of 512 and of 4096 bytes
func TestKernelBlockDevices(t *testing.T) {
	testenv.Kernel(t, "program lvm")
	files := []string{loopOf(t, 16*mib, 512), loopOf(t, 16*mib, 4096)}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lvm.conf"), []byte(`
devices { use_devicesfile=0 hints="none" obtain_device_list_from_udev=0 external_device_info_source="none" allow_mixed_block_sizes=1
  filter=["a|^`+files[0]+`$|","a|^`+files[1]+`$|","r|.*|"] }
backup { backup=0 archive=0 }
global { locking_dir="`+dir+`" event_activation=0 }`), 0o600))
	lvm2 := func(args ...string) string {
		cmd := exec.Command("lvm", args...)
		cmd.Env = append(os.Environ(), "LVM_SYSTEM_DIR="+dir, "LVM_SUPPRESS_FD_WARNINGS=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	var devices []*lvm.Device
	for _, file := range files {
		d, err := lvm.OpenDevice(file, lvm.Exclusive)
		require.NoError(t, err)
		t.Cleanup(func() { d.Close() })
		require.False(t, d.IsFile())
		require.Equal(t, 16*mib, d.Size)
		devices = append(devices, d)
	}
	require.EqualValues(t, 4096, devices[1].LogicalBlockSize())
	s := lvm.ScanDevices(devices, lvm.ScanOptions{})
	for _, d := range devices {
		_, err := s.CreatePV(d, lvm.CreatePV{Layout: lvm.DefaultLayout(d, "")})
		require.NoError(t, err)
	}
	g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
	require.NoError(t, err)
	require.Equal(t, files[1], g.VG.PVs[1].Device)
	for i := range 4 {
		require.Contains(t, lvm2("vgs", "--noheadings", "-o", "vg_seqno"), fmt.Sprint(g.VG.Seqno))
		require.Empty(t, lvm2("vgck", "vg"))
		lvm2("vgchange", "--addtag", string(rune('a'+i)), "vg")
		s = lvm.ScanDevices(devices, lvm.ScanOptions{Verify: true})
		require.Empty(t, s.AllFaults())
		require.Equal(t, g.VG.Seqno+1, s.VGs[0].VG.Seqno)
		require.Len(t, s.VGs[0].VG.Tags, i+1)
		g, err = s.Commit(lvm.CommitRequest{VG: s.VGs[0], New: s.VGs[0].VG})
		require.NoError(t, err)
	}
}

// A device with something on it cannot be had alone; its VG can be changed. LVs are
// not listed as devices that may hold a PV, and other mappings are.
func TestKernelExclusive(t *testing.T) {
	testenv.Kernel(t, "linear")
	path := testenv.LoopDisk(t, 4*mib)
	number, err := ioctl.NodeDev(path)
	require.NoError(t, err)
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	table, err := linear.On(dm.BlockDev{Dev: dm.DevFromUint64(number)}, []linear.Run{{Start: 2048, Length: 16}}).Table()
	require.NoError(t, err)
	create := func(suffix, uuid string) string {
		name := testenv.Name(t) + suffix
		device, err := conn.Create(t.Context(), dm.CreateRequest{Name: name, UUID: uuid, Table: table})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, device.Remove(t.Context(), dm.RemoveOptions{})) })
		return name
	}
	lv := create("-lv", "LVM-"+lvm.NewID().Compact()+lvm.NewID().Compact())
	crypt := create("-crypt", "CRYPT-"+testenv.Prefix+"x")

	_, err = lvm.OpenDevice(path, lvm.Exclusive)
	require.ErrorIs(t, err, unix.EBUSY)
	d, err := lvm.OpenDevice(path, lvm.ReadOnly)
	require.NoError(t, err)
	defer d.Close()
	require.ErrorIs(t, d.Upgrade(lvm.Exclusive), unix.EBUSY)
	require.NoError(t, d.Upgrade(lvm.ReadWrite))
	s := lvm.ScanDevices([]*lvm.Device{d}, lvm.ScanOptions{})
	_, err = s.CreatePV(d, lvm.CreatePV{})
	require.NoError(t, err)

	list, err := lvm.HostDevices("")
	require.NoError(t, err)
	has := func(path string) bool {
		return slices.ContainsFunc(list, func(h lvm.HostDevice) bool { return h.Path == path })
	}
	require.True(t, has(path))
	require.True(t, has("/dev/mapper/"+crypt))
	require.False(t, has("/dev/mapper/"+lv))
	for _, h := range list {
		if h.Path == path {
			require.Equal(t, number, h.Number)
		}
	}
}
