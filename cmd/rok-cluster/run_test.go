package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/cli/clitest"
)

func TestScripts(t *testing.T) {
	dir, err := filepath.Abs("testdata")
	require.NoError(t, err)
	clitest.Scripts(t, filepath.Join(dir, "*.txt"), func(t testing.TB) clitest.Machine { return newMachine(t) })
}

// tree returns every command.
func tree(e *env) []*cobra.Command {
	var all []*cobra.Command
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		all = append(all, c)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root(e, ""))
	return all
}

func TestHelpOfEachCommand(t *testing.T) {
	m := newMachine(t)
	for _, c := range tree(&m.env) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			path := strings.Fields(c.CommandPath())
			byFlag, stderr, code := m.rok(append(path, "-h")...)
			require.Zero(t, code)
			require.Empty(t, stderr)
			require.Contains(t, byFlag, "Usage: "+c.CommandPath())
			require.NotEmpty(t, c.Example, "an example is missing")
			stdout, stderr, code := m.rok(append(path, "--hepl")...)
			require.Equal(t, int(cli.Usage), code)
			require.Empty(t, stdout)
			require.Contains(t, stderr, "unknown flag --hepl; did you mean --help?")
		})
	}
}

// exampleMachine has what the examples name.
func exampleMachine(t testing.TB) *machine {
	m := newMachine(t)
	m.do("disk disk.img 20M", "write disk.img 4M 1000 1", "disk data.img 8M", "write data.img 0 5M 2")
	m.must("rok-register", "disk.img", "vm/web-1", "--label", "tier=1", "-q")
	m.must("rok-register", "data.img", "vm/web-2", "-q")
	return m
}

// Examples are spelled by the names that people type.
func TestExamples(t *testing.T) {
	m := newMachine(t)
	for _, c := range tree(&m.env) {
		for line := range strings.Lines(c.Example) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
			t.Run(line, func(t *testing.T) {
				if ofCluster(line) {
					clusterExample(t, line)
					return
				}
				if strings.HasPrefix(line, "rok-s3d") {
					s3dExample(t, line)
					return
				}
				m := exampleMachine(t)
				args, err := clitest.Words(line)
				require.NoError(t, err)
				switch {
				case strings.Contains(line, "map-restore"):
					m.must("rok-composer-tool", "map-upgrade", "--all", "-q")
				case strings.Contains(line, "--check"):
					m.must("rok-present", "vm/web-1", "restored.img", "-q")
				}
				stdout, stderr, code := m.rok(args...)
				require.Zero(t, code, stderr)
				if !strings.Contains(line, "tier-") { // the last label goes
					require.NotEmpty(t, stdout)
				}
			})
		}
	}
}

// ofCluster tells whether a command is about the cluster alone.
func ofCluster(line string) bool {
	for _, name := range []string{"rok-config", "rok-cluster-ctl", "rok-cluster-upgrade"} {
		if strings.HasPrefix(line, name) {
			return true
		}
	}
	return false
}

// exampleCluster is one node in which a command finds what it is about.
func exampleCluster(t testing.TB, line string) *clusterWorld {
	w := newClusterWorld(t)
	name, command, _ := strings.Cut(line, " ")
	command, _, _ = strings.Cut(command, " ")
	if strings.HasPrefix(name, "rok-cluster-upgrade") {
		w.old("rok1")
		if command == "upgrade-cluster" {
			w.old("rok1", "rok2") // of which --isolate-master takes the capability
			w.must("rok-config set cluster.members.rok2.master_capable=False")
		}
		w.code["rok1"] = cluster.Current()
	} else {
		w.must("rok-config set retention.keep_last=3")
	}
	before := map[string][]string{
		"upgrade-node":  {"rok-cluster-upgrade upgrade-cluster"},
		"verify":        {"rok-cluster-upgrade upgrade-cluster", "rok-cluster-upgrade upgrade-node"},
		"rollback":      {"rok-cluster-upgrade upgrade-cluster", "rok-cluster-upgrade upgrade-node"},
		"member-remove": {"rok-cluster-ctl member-add rok2"},
	}
	if name == "rok-config" && command == "rollback" {
		before["rollback"] = nil
	}
	for _, first := range before[command] {
		w.must(first)
	}
	if command == "set-master" {
		w.agent("rok-cluster-ctl", "agent", "-q")
	}
	return w
}

func clusterExample(t *testing.T, line string) {
	w := exampleCluster(t, line)
	if strings.HasSuffix(line, " agent") {
		w.agent(strings.Fields(line)...)
		return // it is stopped in the end
	}
	require.NotEmpty(t, w.must(line))
}

// The four commands of the release note that are about maps.
func TestReleaseNote(t *testing.T) {
	m := exampleMachine(t)
	want, err := os.ReadFile("disk.img")
	require.NoError(t, err)
	require.Contains(t, m.must("rok-composer-tool", "map-upgrade", "--all"), "2 maps upgraded")
	require.Contains(t, m.must("rok-composer-tool", "ls"), "vm/web-1~v3.bak")
	require.Contains(t, m.must("rok-composer-tool", "verify"), "0 bad")
	require.Contains(t, m.must("rok-cluster-gc", "--delete-backups"), "backup vm/web-1~v3.bak: removed")
	require.NotContains(t, m.must("rok-composer-tool", "ls"), "bak")
	m.must("rok-present", "vm/web-1", "out.img")
	got, err := os.ReadFile("out.img")
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestNamesOfTheProgram(t *testing.T) {
	m := newMachine(t)
	for name, want := range map[string]string{
		"rok-register": "Usage: rok-register", "/usr/bin/rok-cluster-gc": "Usage: rok-cluster-gc", "rok-cluster": "Usage: rok-cluster COMMAND",
	} {
		stdout, _, code := m.rok(name, "-h")
		require.Zero(t, code)
		require.Contains(t, stdout, want)
	}
}
