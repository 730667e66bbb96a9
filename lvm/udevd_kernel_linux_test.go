package lvm_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// startUdev starts Debian's udev with its rules, those of dmsetup and lvm2 among
// them, for the time of the test.
func startUdev(t *testing.T) {
	t.Helper()
	if testenv.Virtual() == "" {
		t.Skip("the semaphores and the udev of this machine are not ours")
	}
	require.Error(t, ioctl.DialSocket(testenv.UdevDir+"/control"), "no udev runs yet")
	// The rules of 69-lvm.rules would begin to activate by themselves what is on
	// new devices.
	testenv.StartUdev(t, []string{"55-dm.rules", "56-lvm.rules", "95-dm-notify.rules"}, "69-lvm.rules")
}

// udevLinks are the links of the VG below /dev and /dev/mapper, with the names
// of devices for their numbers, and for each what udev's database says of it.
func (h *lvm2Host) udevLinks() (links []string) {
	h.t.Helper()
	entries, err := h.conn.List()
	require.NoError(h.t, err)
	names := map[string]string{}
	for _, e := range entries {
		names[fmt.Sprintf("../dm-%d", e.Dev.Minor)] = e.Name
	}
	for _, pattern := range []string{"/dev/" + h.name + "/*", "/dev/mapper/" + lvm.DeviceName(h.name, "", lvm.LayerNone) + "*"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(h.t, err)
		for _, path := range paths {
			target, err := os.Readlink(path)
			require.NoError(h.t, err)
			out, err := exec.Command("udevadm", "info", "--query=symlink", path).Output()
			known := err == nil && strings.Contains(" "+string(out)+" ", strings.TrimPrefix(path, "/dev/"))
			links = append(links, fmt.Sprintf("%s -> %s, udev's: %v", path, names[target], known))
		}
	}
	return links
}

// noCookies: nobody waits any more, and nothing is left to be waited for.
func noCookies(t *testing.T) {
	t.Helper()
	out, err := exec.Command("dmsetup", "udevcookies").CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NotContains(t, string(out), "0xd4d")
}

// Where udev runs, nodes and links are its own, as after lvm2: when a call
// returns its rules are done, with what is made and with what is gone.
func TestKernelActivateUdev(t *testing.T) {
	testenv.Kernel(t, append(lvm2Features, "program udevadm", "program "+testenv.Udevd)...)
	startUdev(t)
	h := newLVM2Host(t, 300*units.MiB, 2)
	for _, line := range []string{"-L 8M -n lin vg", "-L 16M -T vg/pool", "-V 20M -T vg/pool -n t"} {
		h.lvcreate(line)
	}
	h.lvm("vgchange", "-an", h.name)
	vg := h.vg()

	// lvm2 with udev.
	h.env = slices.DeleteFunc(h.env, func(e string) bool { return strings.HasPrefix(e, "DM_DISABLE_UDEV") })
	waits := 0
	conn, err := dm.Open(&dm.Config{Trace: func(tr dm.Trace) {
		if tr.Op == "wait for udev" {
			waits++ // one that ended without an answer
		}
	}})
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	h.a = lvm.NewActivator(conn, nil)
	for _, lvs := range [][]string{nil, {"t"}} {
		h.activate(vg, lvs...)
		require.Zero(t, waits)
		noCookies(t)
		ours := h.udevLinks()
		require.NotEmpty(t, ours)
		for _, link := range ours {
			require.NotContains(t, link, "-> ,")
			require.Contains(t, link, "udev's: true")
		}
		for _, lv := range lvs {
			require.Contains(t, strings.Join(ours, "\n"), "/dev/"+h.name+"/"+lv+" -> ")
		}
		h.deactivate(vg, lvs...)
		require.Zero(t, waits)
		noCookies(t)
		require.Empty(t, h.udevLinks())
		require.Empty(t, h.seen())
	}
	h.activate(vg)
	want := h.udevLinks()
	h.deactivate(vg)
	h.lvm("vgchange", "-ay", "-K", "--config", "activation/udev_sync=1 activation/udev_rules=1", h.name)
	require.Equal(t, want, h.udevLinks())
	h.lvm("vgchange", "-an", "--config", "activation/udev_sync=1 activation/udev_rules=1", h.name)
	require.Empty(t, h.udevLinks())
}
