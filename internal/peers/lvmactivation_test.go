package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/lvm"
)

// Each contender makes devices of a few volumes and takes them away, and nothing
// is left. How fast is for a machine that has time.
func TestKernelActivation(t *testing.T) {
	testenv.Kernel(t, "linear", "program lvm")
	if testenv.Virtual() == "" {
		t.Skip("/etc/lvm is this machine's")
	}
	rok, err := filepath.Abs("../../bin/rok")
	require.NoError(t, err)
	require.FileExists(t, rok, "make build makes it")
	cfg := config{rok: rok, spawns: 1, quick: true, dir: t.TempDir(), ops: regexp.MustCompile(".")}
	result, err := measureActivation(t.Context(), cfg, "/etc/lvm", 3)
	require.NoError(t, err)
	require.Len(t, result.names, upBareLinks+1)
	for i, name := range result.names {
		require.Len(t, result.up[i], 1, name)
		require.Positive(t, result.up[i][0], name)
		require.Len(t, result.down[i], 1, name)
	}
	var report bytes.Buffer
	result.print(&report)
	require.Contains(t, report.String(), "create active")
	require.Len(t, result.bars(), 5)
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	defer conn.Close()
	left, err := conn.ListMatching(dm.Filter{Name: lvm.DeviceName(lvmVG, "", lvm.LayerNone)})
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoDirExists(t, "/dev/"+lvmVG)
}

// A bar holds where the ratios are what it wants.
func TestActivationBars(t *testing.T) {
	r := activationResult{many: true, created: true, names: make([]string, upBareLinks+1)}
	for range r.names {
		r.up, r.down = append(r.up, []float64{100, 100}), append(r.down, []float64{100, 100})
	}
	r.rok.wall, r.lvm2.wall, r.library = []float64{10, 10}, []float64{100, 101}, []float64{7, 10, 10}
	for _, b := range r.bars() {
		require.True(t, b.holds(), b.text)
		require.True(t, b.timed)
	}
	slow := []float64{111, 111}
	r.up[upRok], r.down[upLibrary], r.lvm2.wall = []float64{101, 101}, slow, []float64{99, 99}
	for i, b := range r.bars() {
		require.Equal(t, i == 1, b.holds(), b.text) // which is of activation alone
	}
	r.up[upLibrary], r.down[upLibrary] = slow, r.up[upBare]
	for _, b := range r.bars() {
		require.False(t, b.holds(), b.text)
	}
}
