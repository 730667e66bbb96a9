package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/compare"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/cli/clitest"
	"github.com/rok-storage/rok/internal/testenv"
)

// The example of rok compare, as it is typed.
func TestKernelCompareExample(t *testing.T) {
	testenv.Kernel(t, "thin-pool", "thin", "linear", "delay")
	t.Chdir(t.TempDir())
	e := system()
	c, _, err := root(e, []string{"compare"}).Find([]string{"compare"})
	require.NoError(t, err)
	examples := cli.Examples(c)
	require.Len(t, examples, 1)
	args, err := clitest.Words(examples[0])
	require.NoError(t, err)
	var stdout, stderr bytes.Buffer
	e.stdout, e.stderr = &stdout, &stderr
	require.Zero(t, run(t.Context(), args[1:], e), stderr.String())

	var report compare.Report
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &report))
	require.Len(t, report.NoSpace, 5)
	require.NotEmpty(t, report.Results)
	for _, n := range report.NoSpace {
		require.True(t, n.Recovered && n.DataIntact, "%+v", n)
	}
	require.Contains(t, stderr.String(), "then space ends", "the plan is shown")
	require.Contains(t, stderr.String(), " left", "and progress, also in a pipe")
	html, err := os.ReadFile("report.html")
	require.NoError(t, err)
	require.Contains(t, string(html), "</html>")
	left, err := filepath.Glob("*")
	require.NoError(t, err)
	require.Equal(t, []string{"report.html"}, left)
}

func TestCompareUsage(t *testing.T) {
	for _, tt := range []struct {
		args string
		code cli.Code
		says string
	}{
		{"--seconds 0", cli.Usage, "want 0.1 to 600"},
		{"--size 5", cli.Usage, "at least 8MiB"},
		{"--size big", cli.Usage, "not a size"},
		{"--engine psync", cli.Usage, "want libaio or io_uring"},
		{"--engine warp", cli.Usage, "want libaio or io_uring"},
		{"--destroy /dev/x", cli.Usage, "must name the same disk"},
		{"--html /no/such/dir/r.html", cli.Usage, "no such file or directory"},
		{"--html .", cli.Usage, "is a directory"},
		{"--devise /dev/x", cli.Usage, "did you mean --device?"},
		{"now", cli.Usage, "one too many"},
		{"--device /dev/null-and-void", cli.Refused, "cannot be measured from the virtual machine"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			m := newMachine(t)
			m.do("device-mapper none")
			stdout, stderr, code := m.rok(append([]string{"compare"}, strings.Fields(tt.args)...)...)
			require.Equal(t, int(tt.code), code, stderr)
			require.Empty(t, stdout)
			require.Contains(t, stderr, tt.says)
		})
	}
}

// Without device-mapper and without vmrun it says what to do.
func TestCompareWithoutMachine(t *testing.T) {
	m := newMachine(t)
	m.do("device-mapper none")
	_, stderr, code := m.rok("compare")
	require.Equal(t, int(cli.Failed), code)
	require.Contains(t, stderr, `"make build" makes it`)
}
