package host_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm/host"
	"github.com/rok-storage/rok/units"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// machine is a host of its own for lvm2 and for rok: /run and /etc/lvm are
// directories of the test, in a mount namespace for lvm2. The loop devices are
// the real host's, and all that its lvm2 may look at.
type machine struct {
	t        testing.TB
	run, etc string
	disks    []string
	mounts   [][2]string // more of what lvm2 sees in another place: from, to
}

// lvm2 skips the test where the real lvm2 cannot work on loop devices.
func lvm2(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, for loop devices and a mount namespace")
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Skipf("needs loop devices: %v", err)
	}
	for _, program := range []string{"lvm", "unshare"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs the program %s: %v", program, err)
		}
	}
}

// newMachine makes a machine with so many empty disks of 64 MiB.
func newMachine(t testing.TB, disks int) *machine {
	t.Helper()
	lvm2(t)
	var paths []string
	for range disks {
		paths = append(paths, testenv.LoopDisk(t, 64*units.MiB))
	}
	return machineWith(t, paths)
}

// machineWith makes a machine with the disks of another.
func machineWith(t testing.TB, disks []string) *machine {
	t.Helper()
	dir := t.TempDir()
	m := &machine{t: t, run: filepath.Join(dir, "run"), etc: filepath.Join(dir, "etc"), disks: disks}
	for _, d := range []string{filepath.Join(m.run, "lock"), filepath.Join(m.run, "lvm"), m.etc} {
		require.NoError(t, os.MkdirAll(d, 0o700))
	}
	m.configure("")
	return m
}

// configure writes lvm.conf: what keeps lvm2 on this machine's disks, and more.
func (m *machine) configure(more string) {
	m.t.Helper()
	var filter strings.Builder
	for _, d := range m.disks {
		fmt.Fprintf(&filter, `"a|^%s$|", `, d)
	}
	conf := fmt.Sprintf("devices/obtain_device_list_from_udev = 0\ndevices/filter = [%s \"r|.*|\"]\n%s\n", filter.String(), more)
	if !strings.Contains(more, "use_devicesfile") {
		conf += "devices/use_devicesfile = 0\n"
	}
	require.NoError(m.t, os.WriteFile(filepath.Join(m.etc, "lvm.conf"), []byte(conf), 0o600))
}

// host is rok on the machine.
func (m *machine) host(change ...func(*host.Config)) *host.Host {
	m.t.Helper()
	cfg := host.Config{Etc: m.etc, Run: filepath.Join(m.run, "lvm"), Locks: filepath.Join(m.run, "lock/lvm")}
	for _, c := range change {
		c(&cfg)
	}
	h, err := host.Open(&cfg)
	require.NoError(m.t, err)
	return h
}

// command is an lvm2 command on the machine, not started.
func (m *machine) command(name string, args ...string) *exec.Cmd {
	const script = `set -e; while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done; shift; exec lvm "$@"`
	all := []string{"-m", "--propagation", "private", "sh", "-c", script, "sh", m.run, "/run", m.etc, "/etc/lvm"}
	for _, mount := range m.mounts {
		all = append(all, mount[0], mount[1])
	}
	all = append(append(all, "--", name), args...)
	if name != "version" && name != "systemid" && name != "tags" {
		all = append(all, "--driverloaded", "n")
	}
	cmd := exec.Command("unshare", all...)
	cmd.Env = append(os.Environ(), "LVM_SUPPRESS_FD_WARNINGS=1", "TZ=UTC", "LC_ALL=C")
	return cmd
}

// try runs an lvm2 command, and returns what it said.
func (m *machine) try(name string, args ...string) (string, error) {
	cmd := m.command(name, args...)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s %q: %w\n%s", name, args, err, diag.String())
	}
	return strings.TrimSpace(out.String()), err
}

// lvm runs an lvm2 command that must succeed.
func (m *machine) lvm(name string, args ...string) string {
	m.t.Helper()
	out, err := m.try(name, args...)
	require.NoError(m.t, err)
	return out
}

// report runs vgs, pvs or lvs, and returns its lines without spaces around
// them.
func (m *machine) report(name string, args ...string) []string {
	m.t.Helper()
	out := m.lvm(name, append([]string{"--noheadings", "--separator", ":"}, args...)...)
	var lines []string
	for line := range strings.Lines(out) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// files are the names in a directory, none where it is not there.
func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
