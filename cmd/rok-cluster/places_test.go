package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
)

// --config and --state-dir win over the environment, in commands of maps and of the cluster.
func TestPlaces(t *testing.T) {
	m := newMachine(t)
	m.do("disk disk.img 1M", "text other.conf [composer] 'block_size = 64KiB'")
	m.must("rok-register", "disk.img", "a", "-q", "--config", "other.conf", "--state-dir", "elsewhere")
	require.NoDirExists(t, filepath.Join("state", "store"))
	require.Contains(t, m.must("rok-composer-tool", "ls", "--state-dir", "elsewhere"), "64KiB")
	m.must("rok-config", "set", "gc.wait=5m", "--state-dir=elsewhere")
	require.Equal(t, "gc.wait=5m0s\n", m.must("rok-config", "get", "gc.wait", "--state-dir=elsewhere"))
	require.Equal(t, "gc.wait=0s\n", m.must("rok-config", "get", "gc.wait"))
	require.FileExists(t, filepath.Join("elsewhere", "cluster.db"))

	m.do("text away.conf [cluster] 'endpoints = 127.0.0.1:1'")
	_, _, code := m.rok("rok-cluster", "cluster-ctl", "status", "--config", "away.conf")
	require.Equal(t, int(cli.Unreachable), code)
	for _, command := range [][]string{{"rok-config", "get"}, {"rok-composer-tool", "ls"}, {"rok-cluster-upgrade", "upgrade-node"}} {
		_, stderr, code := m.rok(append(command, "--config", "none.conf")...)
		require.Equal(t, int(cli.NotFound), code, "a file that was named must be there")
		require.Contains(t, stderr, "none.conf")
	}
}
