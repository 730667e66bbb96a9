package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asProgram has the test's binary be rok-cluster, by the name that it is called: for tests that kill it, and for bash.
const asProgram = "ROK_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		limitMemory()
		code := run(context.Background(), os.Args, testSystem())
		if path := os.Getenv(asProgram); path != "1" { // what wait4 tells is the parent's where that is larger
			status, _ := os.ReadFile("/proc/self/status")
			_ = os.WriteFile(path, status, 0o600)
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// program is a command as a process of its own.
func (m *machine) program(args ...string) *exec.Cmd {
	self, err := os.Executable()
	require.NoError(m.t, err)
	c := exec.Command(self, args[1:]...)
	c.Args[0] = args[0]
	c.Env = []string{"TMPDIR=" + os.TempDir(), asProgram + "=1", "ROK_STATE_DIR=" + m.env.stateDir(), "ROK_CONFIG=" + m.env.configPath()}
	return c
}

// killed starts a command again and again, kills each a little later than the one before, and has the last one end.
func (m *machine) killed(args ...string) {
	m.t.Helper()
	for wait := time.Duration(0); wait < 200*time.Millisecond; wait += 19 * time.Millisecond {
		c := m.program(args...)
		require.NoError(m.t, c.Start())
		time.Sleep(wait)
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	out, err := m.program(args...).CombinedOutput()
	require.NoError(m.t, err, string(out))
}

func TestKilledProcesses(t *testing.T) {
	m := newMachine(t)
	m.do("disk disk.img 40M")
	for i := range 10 {
		m.do(fmt.Sprintf("write disk.img %dM 3M %d", 4*i, i))
	}
	want, err := os.ReadFile("disk.img")
	require.NoError(t, err)
	m.killed("rok-register", "-q", "disk.img", "a", "disk.img", "b")
	f, err := os.ReadFile(filepath.Join("state", "store", "store.json"))
	require.NoError(t, err)
	require.NotEmpty(t, f)
	m.killed("rok-composer-tool", "map-upgrade", "-q", "--all", "--degree", "16")
	m.must("rok-composer-tool", "verify", "--deep", "-q")
	m.must("rok-cluster-gc", "--delete-backups", "-q")
	for _, name := range []string{"a", "b"} {
		m.killed("rok-present", "-q", "--overwrite", name, name+".img")
		got, err := os.ReadFile(name + ".img")
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got))
	}
}
