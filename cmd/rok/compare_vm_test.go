package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
)

func TestReadLines(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	var lines []string
	require.NoError(t, readLines(strings.NewReader("a\n\n"+long+"\nlast"), func(l string) { lines = append(lines, l) }))
	require.Equal(t, []string{"a", "", long, "last"}, lines)
}

// What goes wrong in the machine is shown to those who want no progress, too.
func TestCompareQuietShowsErrors(t *testing.T) {
	m := newMachine(t)
	m.do("device-mapper none")
	script := "#!/bin/sh\necho '{\"rok_compare_progress\":{\"Step\":\"reads\"}}' >&2\necho 'vmrun: user-mode Linux is not installed' >&2\nexit 125\n"
	require.NoError(t, os.WriteFile(filepath.Join(m.bin, "vmrun"), []byte(script), 0o755))
	stdout, stderr, code := m.rok("compare", "-q")
	require.Equal(t, int(cli.Failed), code)
	require.Empty(t, stdout)
	require.Equal(t, "vmrun: user-mode Linux is not installed\nrok: compare: in the virtual machine: exit status 125\n", stderr)
}

// A long run is not taken for a machine that hangs.
func TestMachineTimeout(t *testing.T) {
	m := newMachine(t)
	m.do("device-mapper none")
	args := filepath.Join(t.TempDir(), "args")
	script := "#!/bin/sh\necho \"$*\" >" + args + "\nexit 1\n"
	require.NoError(t, os.WriteFile(filepath.Join(m.bin, "vmrun"), []byte(script), 0o755))
	for _, seconds := range []string{"0.1", "600"} {
		_, _, code := m.rok("compare", "--seconds", seconds)
		require.Equal(t, int(cli.Failed), code)
		text, err := os.ReadFile(args)
		require.NoError(t, err)
		words := strings.Fields(string(text))
		require.Equal(t, "-timeout", words[2])
		limit, err := time.ParseDuration(words[3])
		require.NoError(t, err)
		cellTime, err := time.ParseDuration(seconds + "s")
		require.NoError(t, err)
		// Two backings, six loads, three targets.
		require.Greater(t, limit, 36*cellTime+10*time.Minute)
		require.Less(t, limit, 100*cellTime+30*time.Minute)
	}
}

func TestMachineError(t *testing.T) {
	for script, want := range map[string]cli.Code{
		"exit 6":      cli.NoSpace,
		"exit 125":    cli.Failed,
		"kill -9 $$":  cli.Failed,
		"kill -15 $$": cli.Failed,
	} {
		err := machineError(exec.Command("sh", "-c", script).Run())
		require.Equal(t, want, cli.CodeOf(err), script)
	}
}
