package interop_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

// stand is a machine for lvm2 and rok: loop devices, and all directories that the
// two share. lvm2 sees its /run in a mount namespace.
type stand struct {
	t       testing.TB
	dir     string
	disks   []*ioctl.Loop
	sizes   []units.Bytes
	ns      *namespace
	system  *lvm.System
	offline bool   // without device-mapper
	vg      string // begins the names of VGs where there is device-mapper
	twin    *stand
}

// needLVM2 skips where lvm2 cannot work on loop devices.
func needLVM2(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, for loop devices and a mount namespace")
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Skipf("needs loop devices: %v", err)
	}
	if _, err := exec.LookPath("lvm"); err != nil {
		t.Skipf("needs lvm2: %v", err)
	}
}

// newStand makes a stand with empty disks of the given sizes.
func newStand(t testing.TB, sizes []units.Bytes) *stand {
	t.Helper()
	s := &stand{t: t, dir: newFolder(t), sizes: sizes, offline: !testenv.Inside()}
	if !s.offline {
		s.vg = testenv.Name(t) + "-"
	}
	for _, d := range []string{"etc", "files", "run/lock/lvm", "run/lvm"} {
		require.NoError(t, os.MkdirAll(filepath.Join(s.dir, d), 0o700))
	}
	var filter strings.Builder
	for i, size := range sizes {
		path := filepath.Join(s.dir, testenv.Prefix+strconv.Itoa(i)+".img")
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Truncate(path, int64(size)))
		// It goes with the process, should that be killed.
		loop, err := ioctl.AttachLoop(path, ioctl.LoopConfig{AutoClear: true})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, loop.Close()) })
		s.disks = append(s.disks, loop)
		fmt.Fprintf(&filter, "\"a|^%s$|\", ", loop.Path())
	}
	conf := fmt.Sprintf(`devices {
	filter = [ %s"r|.*|" ]
	use_devicesfile = 0
	obtain_device_list_from_udev = 0
}
global {
	use_lvmpolld = 0
	thin_check_executable = ""
}
activation {
	udev_sync = 0
	udev_rules = 0
	monitoring = 0
}
backup {
	retain_min = 1
	retain_days = 0
}
report {
	vgs_cols_full = "%s"
	pvs_cols_full = "%s"
	lvs_cols_full = "%s"
	segs_cols_full = "%s"
	pvsegs_cols_full = "pv_name"
}
`, filter.String(), vgFields, pvFields, lvFields, segFields)
	require.NoError(t, os.WriteFile(s.path("etc/lvm.conf"), []byte(conf), 0o600))
	s.ns = newNamespace(t, s.path("run"))
	var err error
	s.system, err = lvm.OpenSystem(&lvm.SystemConfig{
		Host:    &host.Config{Etc: s.path("etc"), Run: s.path("run/lvm"), Locks: s.path("run/lock/lvm")},
		Offline: s.offline,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.system.Close()) })
	return s
}

func (s *stand) path(name string) string { return filepath.Join(s.dir, name) }

// expand puts the stand's own names into an argument: %3 is a disk, %f7 a file,
// %v2 a VG.
func (s *stand) expand(arg string) string {
	arg = strings.ReplaceAll(arg, "%v", s.vg)
	for i, d := range s.disks {
		arg = strings.ReplaceAll(arg, fmt.Sprintf("%%%d", i), d.Path())
	}
	return strings.ReplaceAll(arg, "%f", s.path("files/f"))
}

// anyVG puts %v for the beginning of the VGs' names.
func (s *stand) anyVG(args []string) []string {
	if s.vg == "" {
		return args
	}
	args = slices.Clone(args)
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, s.vg, "%v")
	}
	return args
}

// abridge is expand the other way round; of the twin's names, too, where both is set.
func (s *stand) abridge(text string, both bool) string {
	if both && s.twin != nil {
		text = s.twin.abridge(text, false)
	}
	var pairs []string
	for i := len(s.disks) - 1; i >= 0; i-- {
		path := s.disks[i].Path()
		// What follows a path in texts and reports: loop1 begins loop10.
		for _, end := range []string{`"`, "(", ":", ",", " ", "\n", "'", ";"} {
			pairs = append(pairs, path+end, fmt.Sprintf("%%%d%s", i, end))
		}
	}
	if s.vg != "" {
		pairs = append(pairs, s.vg, "%v", strings.ReplaceAll(s.vg, "-", "--"), "%v")
	}
	return strings.NewReplacer(append(pairs, s.path("files/f"), "%f")...).Replace(text)
}

// lvm2Command is an lvm2 command, not started.
func (s *stand) lvm2Command(args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	if s.offline {
		args = append(args[:len(args):len(args)], "--driverloaded", "n")
	}
	return s.command("lvm", args...)
}

// command is a program on the stand, not started.
func (s *stand) command(program string, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	cmd = exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "LVM_SYSTEM_DIR="+s.path("etc"), "LVM_SUPPRESS_FD_WARNINGS=1", "DM_DISABLE_UDEV=1", "LC_ALL=C", "TZ=UTC")
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// said is what lvm2 said beside its output, without what it always says.
func said(stderr *bytes.Buffer) string {
	var lines []string
	for line := range strings.Lines(stderr.String()) {
		if strings.Contains(line, "Activation disabled. No device-mapper interaction") || strings.Contains(line, "not zeroed") {
			continue
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

// lvm2 runs an lvm2 command, and returns what it printed, and what it complained
// of.
func (s *stand) lvm2(args ...string) (out, complaints string, err error) {
	cmd, stdout, stderr := s.lvm2Command(args...)
	s.ns.do(func() { err = cmd.Run() })
	return stdout.String(), said(stderr), err
}

// script runs lvm2 commands in one process, which saves most of the time, up to the
// first that fails.
func (s *stand) script(commands ...[]string) (out, complaints string, err error) {
	text := "#!lvm\n"
	for _, c := range commands {
		if s.offline {
			c = append(c[:len(c):len(c)], "--driverloaded", "n")
		}
		text += strings.Join(c, " ") + "\n"
	}
	path := s.path("script")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", "", err
	}
	cmd, stdout, stderr := s.command("lvm", path)
	s.ns.do(func() { err = cmd.Run() })
	return stdout.String(), said(stderr), err
}

// edges is how much of a disk's start and end may have metadata.
const edges = 4 * units.MiB

// copyFrom makes the disks' metadata, and the files, what they are on other.
func (s *stand) copyFrom(other *stand) {
	s.t.Helper()
	have, want := make([]byte, edges), make([]byte, edges)
	for i, d := range s.disks {
		places := []units.Bytes{0}
		n := min(edges, s.sizes[i])
		if s.sizes[i] > edges {
			places = append(places, s.sizes[i]-edges)
		}
		for _, at := range places {
			readAt(s.t, d.File(), have[:n], at)
			readAt(s.t, other.disks[i].File(), want[:n], at)
			const chunk = 64 << 10
			for k := 0; k < int(n); k += chunk {
				if next := want[k:min(k+chunk, int(n))]; !bytes.Equal(have[k:k+len(next)], next) {
					_, err := d.File().WriteAt(next, int64(at)+int64(k))
					require.NoError(s.t, err)
				}
			}
		}
	}
	require.NoError(s.t, os.RemoveAll(s.path("files")))
	require.NoError(s.t, os.CopyFS(s.path("files"), os.DirFS(other.path("files"))))
}

func readAt(t testing.TB, r io.ReaderAt, b []byte, at units.Bytes) {
	t.Helper()
	_, err := r.ReadAt(b, int64(at))
	require.NoError(t, err)
}
