package lvm_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// lab is lvm2 on loop devices of its own, without a kernel's device-mapper,
// unless there is one.
type lab struct {
	t     testing.TB
	disks []string
	env   []string
	args  []string // behind every command's
}

// lvm2 returns a lab with disks of these sizes. It skips where lvm2 cannot be
// asked.
func lvm2(t testing.TB, sizes ...units.Bytes) *lab {
	t.Helper()
	return lvm2With(t, "", sizes...)
}

// lvm2With is lvm2 with more in its configuration.
func lvm2With(t testing.TB, more string, sizes ...units.Bytes) *lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for loop devices")
	}
	if _, err := exec.LookPath("lvm"); err != nil {
		t.Skip("needs lvm2")
	}
	var disks []string
	for _, size := range sizes {
		disks = append(disks, testenv.LoopDisk(t, size))
	}
	return lvm2On(t, more, disks)
}

// lvm2On is lvm2 with these disks.
func lvm2On(t testing.TB, more string, disks []string) *lab {
	t.Helper()
	l := &lab{t: t, disks: disks}
	dir := t.TempDir()
	var filter strings.Builder
	for _, disk := range l.disks {
		fmt.Fprintf(&filter, `"a|^%s$|",`, disk)
	}
	config := fmt.Sprintf(`
devices {
	filter = [%[1]s"r|.*|"]
	global_filter = [%[1]s"r|.*|"]
	use_devicesfile = 0
	obtain_device_list_from_udev = 0
	hints = "none"
}
global {
	locking_dir = "%[2]s/lock"
	event_activation = 0
	use_lvmpolld = 0
}
backup {
	backup = 0
	archive = 0
}
activation {
	udev_sync = 0
	udev_rules = 0
	monitoring = 0
}
%[3]s
`, filter.String(), dir, more)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lvm.conf"), []byte(config), 0o600))
	l.env = append(os.Environ(), "LVM_SYSTEM_DIR="+dir, "LVM_SUPPRESS_FD_WARNINGS=1", "DM_DISABLE_UDEV=1", "LC_ALL=C")
	if !testenv.Inside() {
		l.args = []string{"--driverloaded", "n"}
	}
	return l
}

// run runs an lvm2 command, and returns what it said.
func (l *lab) run(args ...string) (string, error) {
	args = append(args[:len(args):len(args)], l.args...)
	cmd := exec.Command("lvm", args...)
	cmd.Env = l.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must is run for what must not fail.
func (l *lab) must(args ...string) string {
	l.t.Helper()
	out, err := l.run(args...)
	require.NoError(l.t, err, "lvm %q: %s", args, out)
	return out
}

// vg returns the VG that disk i has.
func (l *lab) vg(i int) *lvm.VG {
	l.t.Helper()
	vg, err := lvm.Parse(l.text(i))
	require.NoError(l.t, err)
	return vg
}

// text returns the text of disk i: that of slot 0 of its first metadata area.
func (l *lab) text(i int) string {
	l.t.Helper()
	const area, offsetAt = 4096, 40 // lib/format_text/layout.h
	f, err := os.Open(l.disks[i])
	require.NoError(l.t, err)
	defer f.Close()
	head := make([]byte, 512)
	_, err = f.ReadAt(head, area)
	require.NoError(l.t, err)
	offset, size := binary.LittleEndian.Uint64(head[offsetAt:]), binary.LittleEndian.Uint64(head[offsetAt+8:])
	text := make([]byte, size)
	areaSize := binary.LittleEndian.Uint64(head[32:])
	first := min(size, areaSize-offset)
	_, err = f.ReadAt(text[:first], int64(area+offset))
	require.NoError(l.t, err)
	_, err = f.ReadAt(text[first:], area+512)
	require.NoError(l.t, err)
	return string(text)
}

// neutral returns vg without what differs from one run to the next.
func neutral(vg *lvm.VG) *lvm.VG {
	c := vg.Clone()
	c.Seqno, c.Origin = 0, lvm.Origin{}
	for i, lv := range c.LVs {
		lv = lv.Clone()
		lv.ID, lv.CreationTime, lv.CreationHost = lvm.ID{}, 0, ""
		c.LVs[i] = lv
	}
	return c
}
