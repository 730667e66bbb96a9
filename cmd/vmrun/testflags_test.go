package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The command lines are those of Go 1.26, as -exec gets them.
func TestTestOutputs(t *testing.T) {
	tests := []struct {
		name, args string
		want       []string
	}{
		{"none", "-test.paniconexit0 -test.timeout=10m0s -test.run=X", nil},
		{
			"coverage",
			"-test.paniconexit0 -test.gocoverdir=/tmp/b/b001/gocoverdir -test.timeout=10m0s -test.coverprofile=/tmp/b/b001/_cover_.out",
			[]string{"/tmp/b/b001/gocoverdir", "/tmp/b/b001/_cover_.out"},
		},
		{
			"profile in the output directory",
			"-test.outputdir=/out -test.cpuprofile=cpu.out --test.trace=t/../trace.out",
			[]string{"/out/cpu.out", "/out/trace.out"},
		},
		{"by hand", "-test.memprofile=mem.out", []string{"/pkg/mem.out"}},
		{"not a test", "-coverprofile=c.out coverprofile=x", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, testOutputs(strings.Fields(tt.args), "/pkg"))
		})
	}
}

func TestTestTimeout(t *testing.T) {
	tests := []struct {
		args string
		want time.Duration
		ok   bool
	}{
		{"-test.timeout=10m0s", 10*time.Minute + slack, true},
		{"-test.timeout=0s", 0, true},
		{"-timeout=5s", 0, false},
		{"", 0, false},
	}
	for _, tt := range tests {
		got, ok := testTimeout(strings.Fields(tt.args))
		require.Equal(t, tt.want, got, tt.args)
		require.Equal(t, tt.ok, ok, tt.args)
	}
}
