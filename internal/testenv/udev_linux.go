package testenv

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Where Debian's udev is, and where it has its control socket and rules of the day.
const (
	Udevd   = "/usr/lib/systemd/systemd-udevd"
	UdevDir = "/run/udev"
)

// StartUdev starts Debian's udev for the time of the test, with its rules, which must
// have the named ones. Rules that are masked do not run. The machine must be the
// test's own, and have no udev yet.
func StartUdev(t *testing.T, rules []string, masked ...string) *exec.Cmd {
	t.Helper()
	require.NoDirExists(t, UdevDir)
	require.NoDirExists(t, "/dev/disk")
	own := filepath.Join(UdevDir, "rules.d")
	require.NoError(t, os.MkdirAll(own, 0o755))
	for _, rule := range rules {
		require.FileExists(t, "/usr/lib/udev/rules.d/"+rule, "of Debian's packages dmsetup and lvm2")
	}
	for _, rule := range masked {
		require.NoError(t, os.Symlink("/dev/null", filepath.Join(own, rule)))
	}
	var log bytes.Buffer
	cmd := exec.Command(Udevd)
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT)
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // killed, maybe by the test
		require.NoError(t, os.RemoveAll(UdevDir))
		require.NoError(t, os.RemoveAll("/dev/disk"))
		if t.Failed() {
			t.Logf("udevd: %s", log.String())
		}
	})
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(30 * time.Second)
	for {
		out, err := exec.Command("udevadm", "control", "--ping", "--timeout=20").CombinedOutput()
		if err == nil {
			return cmd
		}
		select {
		case <-again.C:
		case <-deadline:
			require.FailNow(t, "udevd does not begin", "%s", out)
		}
	}
}
