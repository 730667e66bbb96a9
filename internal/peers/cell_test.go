package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/units"
)

func TestCells(t *testing.T) {
	all := cells(regexp.MustCompile("."))
	require.Len(t, all, 2*2*3*3)
	seen := map[string]bool{}
	for _, c := range all {
		require.False(t, seen[c.String()], c)
		seen[c.String()] = true
		require.NoError(t, c.job(time.Second).Check(), c)
		require.NoError(t, c.job(0).Check(), c)
	}
	require.Equal(t, "file randread psync 1", all[0].String())
}

func TestFioArgsAreTheJob(t *testing.T) {
	for _, test := range []struct {
		cell cell
		want []string
	}{
		{cell{"file", bench.RandRead, engine.PSync, 16}, []string{"--rw=randread", "--ioengine=psync", "--iodepth=1", "--numjobs=16"}},
		{cell{"loop", bench.RandWrite, engine.URing, 64}, []string{"--rw=randwrite", "--ioengine=io_uring", "--iodepth=64", "--numjobs=1"}},
	} {
		args := test.cell.fioArgs("/x", units.MiB, 1500*time.Millisecond)
		for _, want := range append(test.want, "--filename=/x", "--bs=4096", "--size=1048576", "--runtime=1500ms", "--direct=1") {
			require.Contains(t, args, want)
		}
		start := strings.Join(test.cell.fioArgs("/x", units.MiB, 0), " ")
		require.Contains(t, start, "--size=4096")
		require.NotContains(t, start, "time_based")
	}
}
