package etcdtest_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain builds the program, and puts it into the PATH under all of its names.
func TestMain(m *testing.M) {
	code, err := withProgram(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withProgram(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "rok-etcdtest-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "rok-cluster")
	build := exec.Command("go", "build", "-o", program, "./cmd/rok-cluster")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build rok-cluster: %w: %s", err, out)
	}
	for _, name := range []string{
		"rok-config", "rok-cluster-ctl", "rok-cluster-upgrade", "rok-cluster-upgrade-v0.12.0",
		"rok-register", "rok-present", "rok-composer-tool", "rok-cluster-gc",
	} {
		if err := os.Symlink(program, filepath.Join(dir, name)); err != nil {
			return 0, err
		}
	}
	hostname := []byte("#!/bin/sh\necho \"$ROK_HOSTNAME\"\n")
	if err := os.WriteFile(filepath.Join(dir, "hostname"), hostname, 0o755); err != nil {
		return 0, err
	}
	if err := os.Setenv("PATH", dir+":"+os.Getenv("PATH")); err != nil {
		return 0, err
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil { // most of what they do is wait, for leases and elections
		return 0, err
	}
	return run(), nil
}

// command is bash with lines, on a host.
func (h *hosts) command(host, lines string) *exec.Cmd {
	c := exec.Command("bash", "-c", lines)
	c.Dir = h.path(host)
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "ROK_HOSTNAME=" + host,
		"ROK_STATE_DIR=" + h.path(host, "state"), "ROK_CONFIG=" + h.path(host, "daemons.conf"),
	}
	return c
}

// bash runs lines on a host, and returns what they print and the exit code.
func (h *hosts) bash(host, lines string) (stdout, stderr string, code int) {
	h.t.Helper()
	c := h.command(host, lines)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); c.ProcessState == nil {
		require.NoError(h.t, err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// must runs lines, which must succeed.
func (h *hosts) must(host, lines string) string {
	h.t.Helper()
	stdout, stderr, code := h.bash(host, lines)
	require.Zero(h.t, code, "on %s: %s\n%s%s", host, lines, stdout, stderr)
	return stdout
}

// boot starts the program's agent on a host, whose boot disk is the new one.
func (h *hosts) boot(host string) {
	h.t.Helper()
	h.end(host)
	c := h.command(host, "exec rok-cluster-ctl agent -q")
	var errs bytes.Buffer
	c.Stderr = &errs
	require.NoError(h.t, c.Start())
	h.ends[host] = func(s syscall.Signal) {
		_ = c.Process.Signal(s)
		if err := c.Wait(); s == syscall.SIGTERM && err != nil {
			h.t.Errorf("agent on %s: %v: %s", host, err, errs.String())
		}
	}
	h.awaitAgent(host, "0.12.0")
}
