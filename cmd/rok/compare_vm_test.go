package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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
