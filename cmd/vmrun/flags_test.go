package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/vm"
)

func TestParse(t *testing.T) {
	o, err := parse(strings.Fields("-kernel 6.12 -smp 4 -mem 512 -timeout 90s -w a -w b -e X -e Y=1 -v cmd -h"))
	require.NoError(t, err)
	require.Equal(t, vm.Debian612, o.kernel)
	require.Equal(t, 4, o.smp)
	require.Equal(t, 512, o.mem)
	require.Equal(t, 90*time.Second, o.timeout)
	require.True(t, o.timed)
	require.Equal(t, repeated{"a", "b"}, o.writable)
	require.Equal(t, repeated{"X", "Y=1"}, o.env)
	require.True(t, o.verbose)
	require.Equal(t, []string{"cmd", "-h"}, o.command)

	o, err = parse([]string{"cmd"})
	require.NoError(t, err)
	require.Equal(t, vm.UML, o.kernel)
	require.Equal(t, 10*time.Minute, o.timeout)
	require.False(t, o.timed)
}

func TestUsageErrors(t *testing.T) {
	tests := []struct {
		args, want string
	}{
		{"", "vmrun: no command"},
		{"-kernal uml true", "vmrun: no flag -kernal; the nearest is -kernel"},
		{"-v -mem=5 -w dir -tmieout=5s true", "vmrun: no flag -tmieout; the nearest is -timeout"},
		{"-smp many true", "vmrun: invalid value"},
		{"-smp", "vmrun: flag needs an argument"},
	}
	for _, tt := range tests {
		var stdout, stderr bytes.Buffer
		require.Equal(t, exitUsage, run(strings.Fields(tt.args), &stdout, &stderr), tt.args)
		require.Contains(t, stderr.String(), tt.want)
		require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
		require.Empty(t, stdout.String())
	}
}

// Every flag is in the usage, and -h prints it.
func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.Zero(t, run([]string{"-h"}, &stdout, &stderr))
	require.Equal(t, usage, stdout.String())
	require.Empty(t, stderr.String())
	for _, name := range []string{"kernel", "smp", "mem", "timeout", "w", "e", "v", "h"} {
		require.Contains(t, usage, "\n  -"+name+" ")
	}
}

func TestNotInstalled(t *testing.T) {
	t.Setenv("VMRUN_CACHE", t.TempDir())
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitFailed, run([]string{"true"}, &stdout, &stderr))
	require.Regexp(t, `^vmrun: .* is not installed: run "make setup"\n$`, stderr.String())

	require.Zero(t, run([]string{"-kernel", "list"}, &stdout, &stderr))
	require.Equal(t, len(vm.Names()), strings.Count(stdout.String(), "is not installed"))
}

func TestEnvironment(t *testing.T) {
	environ := []string{"GOFLAGS=-v", "ROK_A=1", "VMRUN_B=2", "TERM=dumb", "HOME=/h", "SECRET=x", "ASKED=y", "GO=z"}
	require.Equal(t,
		[]string{"GOFLAGS=-v", "ROK_A=1", "VMRUN_B=2", "TERM=dumb", "HOME=/h", "ASKED=y", "GO=z", "SET=1"},
		environment(environ, []string{"ASKED", "SET=1", "UNSET"}))
}
