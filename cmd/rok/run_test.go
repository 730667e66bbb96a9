package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/cli/clitest"
)

func TestScripts(t *testing.T) {
	dir, err := filepath.Abs("testdata") // some scripts work in a folder of their own
	require.NoError(t, err)
	clitest.Scripts(t, filepath.Join(dir, "*.txt"), func(t testing.TB) clitest.Machine { return newMachine(t) })
}

// tree returns every command of rok.
func tree(e *env) []*cobra.Command {
	var all []*cobra.Command
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		all = append(all, c)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root(e, []string{"help"}))
	return all
}

func TestHelpOfEachCommand(t *testing.T) {
	m := newMachine(t)
	for _, c := range tree(&m.env) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			path := strings.Fields(c.CommandPath())[1:]
			byFlag, stderr, code := m.rok(append(path, "-h")...)
			require.Zero(t, code)
			require.Empty(t, stderr)
			require.Contains(t, byFlag, "Usage: "+c.CommandPath())
			require.NotEmpty(t, cli.Examples(c), "an example is missing")
			for _, example := range cli.Examples(c) {
				require.Contains(t, byFlag, example)
			}
			if c.Name() != "help" {
				byCommand, _, code := m.rok(append([]string{"help"}, path...)...)
				require.Zero(t, code)
				require.Equal(t, byFlag, byCommand)
			}
		})
	}
}

// exampleMachine has the devices that the examples name.
func exampleMachine(t testing.TB) *machine {
	m := newMachine(t)
	m.do(
		"disk vda 4194304",
		"create data LVM-data '0 2048 linear 8:0 0'",
		"create meta LVM-meta '0 8192 linear 8:0 2048'",
		"create pool LVM-pool '0 65536 thin-pool 253:1 8:0 128 0 0'",
		"load data '0 4096 linear 8:0 0'",
		"pv sda 2GiB", "pv sdb 2GiB", "pv sdc 2GiB",
	)
	m.must("vg", "create", "data", "/dev/sda", "/dev/sdb", "--tag", "prod")
	m.must("lv", "create", "data/home", "--size", "512M", "--inactive", "/dev/sda")
	m.must("lv", "create", "data/swap", "--size", "64M", "--inactive", "/dev/sda")
	return m
}

// must runs rok, which must succeed.
func (m *machine) must(args ...string) string {
	m.t.Helper()
	stdout, stderr, code := m.rok(args...)
	require.Zero(m.t, code, "rok %q: %s", args, stderr)
	return stdout
}

// exampleOf makes what the examples of a command need besides.
func (m *machine) exampleOf(path string) {
	switch path {
	case "rok pv rm":
		m.must("vg", "reduce", "data", "/dev/sdb")
	case "rok pv restore":
		m.do("pv sdd 64MiB", "pv sde 64MiB")
		m.must("pv", "create", "/dev/sdd", "--uuid", exampleLostPV)
		m.must("vg", "create", "lost", "/dev/sdd", "/dev/sde")
		m.do("wipe sdd 512 512")
	case "rok pool", "rok pool status", "rok pool extend", "rok pool watch":
		m.must("lv", "create", "data/tank", "--thin-pool", "--size", "100M")
		m.do("pool data-tank used 900 800")
	case "rok pool check", "rok pool repair":
		m.must("lv", "create", "data/tank", "--thin-pool", "--size", "100M")
		m.must("lv", "deactivate", "data/tank")
	case "rok vg rm":
		m.do("pv sde 64MiB")
		m.must("vg", "create", "empty", "/dev/sde")
	}
	if strings.HasPrefix(path, "rok thin") {
		m.do("metadata meta.img kernel-held", "dump meta.img pool.xml", "text data.img ''", "grow data.img 512M")
	}
}

// Examples that need more than a fake kernel are run by a test of the kernel:
// see kernelExamples there.
func TestExamples(t *testing.T) {
	for _, c := range tree(&newMachine(t).env) {
		for _, example := range cli.Examples(c) {
			if slices.Contains(kernelExamples(), c.CommandPath()) {
				continue
			}
			t.Run(example, func(t *testing.T) {
				args, err := clitest.Words(example)
				require.NoError(t, err)
				m := exampleMachine(t)
				m.exampleOf(c.CommandPath())
				stdout, stderr, code := m.rok(args[1:]...)
				require.Zero(t, code, stderr)
				if c.Name() != "events" {
					require.NotEmpty(t, stdout)
				}
			})
		}
	}
}

func TestUnknownFlagOfEachCommand(t *testing.T) {
	m := newMachine(t)
	for _, c := range tree(&m.env) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			stdout, stderr, code := m.rok(append(strings.Fields(c.CommandPath())[1:], "--hepl")...)
			require.Equal(t, int(cli.Usage), code)
			require.Empty(t, stdout)
			require.Contains(t, stderr, "unknown flag --hepl; did you mean --help?")
		})
	}
}

func TestVersion(t *testing.T) {
	m := newMachine(t)
	stdout, stderr, code := m.rok("version")
	require.Zero(t, code, stderr)
	require.Regexp(t, `(?m)^rok +\S+\ngo +go1\.\S+ linux/\S+\ndevice-mapper +4\.47\.0$`, stdout)
	byFlag, _, _ := m.rok("--version")
	require.Equal(t, stdout, byFlag)

	m.do("device-mapper none")
	stdout, _, code = m.rok("version")
	require.Zero(t, code)
	require.Contains(t, stdout, "not reachable: the kernel has no device-mapper")
}

func TestCompletion(t *testing.T) {
	m := exampleMachine(t)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		stdout, stderr, code := m.rok("completion", shell)
		require.Zero(t, code, stderr)
		require.Contains(t, stdout, "__complete")
	}
	stdout, _, code := m.rok("__complete", "dm", "table", "")
	require.Zero(t, code)
	require.Equal(t, []string{"data", "meta", "pool"}, strings.Fields(stdout)[:3])
	stdout, _, _ = m.rok("__complete", "dm", "t")
	require.Contains(t, stdout, "table\t")
	require.Contains(t, stdout, "targets\t")
}

func TestOutputThatCannotBeWritten(t *testing.T) {
	m := exampleMachine(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	e, stderr := m.env, new(strings.Builder)
	e.stdout, e.stderr = full, stderr
	require.Equal(t, int(cli.NoSpace), run(t.Context(), []string{"dm", "ls"}, &e))
	require.Contains(t, stderr.String(), "rok: write the output: write /dev/full: no space left on device")
}

func TestExternal(t *testing.T) {
	m := newMachine(t)
	path := t.TempDir()
	m.env.getenv = func(name string) string { return map[string]string{"PATH": "relative:" + path}[name] }
	install := func(dir, program string) string {
		file := filepath.Join(dir, program)
		require.NoError(t, os.WriteFile(file, nil, 0o755))
		return file
	}

	inPath := install(path, "rok-config")
	_, stderr, code := m.rok("config", "get", "–x", "-h")
	require.Zero(t, code, stderr)
	require.Equal(t, []string{inPath, "rok-config", "get", "–x", "-h"}, m.ran)

	beside := install(m.bin, "rok-config")
	m.rok("config")
	require.Equal(t, []string{beside, "rok-config"}, m.ran)
	m.rok("help", "config", "set")
	require.Equal(t, []string{beside, "rok-config", "set", "-h"}, m.ran)

	plugin := install(path, "rok-mine")
	m.rok("mine", "--flag")
	require.Equal(t, []string{plugin, "rok-mine", "--flag"}, m.ran)

	// rok's own commands are not replaced, and what cannot be run is not.
	install(m.bin, "rok-dm")
	m.ran = nil
	_, _, code = m.rok("dm", "ls")
	require.Zero(t, code)
	require.Nil(t, m.ran)
	require.NoError(t, os.WriteFile(filepath.Join(path, "rok-plain"), nil, 0o644))
	_, _, code = m.rok("plain")
	require.Equal(t, int(cli.Usage), code)

	m.env.exec = func(string, []string) error { return errors.New("exec format error") }
	_, stderr, code = m.rok("mine")
	require.Equal(t, int(cli.Failed), code)
	require.Equal(t, "rok: run "+plugin+": exec format error\n", stderr)
}

// What rok is started with must not make it build more than it needs.
func TestTreeIsBuiltAsFarAsNeeded(t *testing.T) {
	m := newMachine(t)
	built := func(args ...string) map[string]int { // how many commands each has
		below := map[string]int{}
		for _, c := range root(&m.env, args).Commands() {
			below[c.Name()] = len(c.Commands())
		}
		return below
	}
	require.Equal(t, map[string]int{"version": 0, "help": 0}, built("version"))
	dm := built("dm", "ls")
	require.Len(t, dm, 2)
	require.NotZero(t, dm["dm"])
	all := built("help")
	require.Equal(t, dm["dm"], all["dm"])
	require.NotZero(t, all["lv"])
	require.Equal(t, len(all), len(built("nothing")))
}
