package main

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/bolt"
)

// testSystem is the program's world where a test started it, with what the test says of it.
func testSystem() *env {
	e := system()
	if os.Getenv("ROK_TEST_OLD_CODE") != "" {
		e.code = code011()
	}
	if path := os.Getenv("ROK_TEST_STORE"); path != "" {
		e.openKV = func(context.Context, *env) (kv.Store, error) { return bolt.Open(path, bolt.Options{}), nil }
	}
	if where := os.Getenv(killAt); where != "" {
		killing(e, where)
	}
	return e
}

// shell is hosts on which bash runs lines, with rok's commands, and hostname, in its PATH.
type shell struct {
	t     testing.TB
	dir   string
	store string // a file that all hosts have in common; "": each its own
	old   map[string]bool
}

func newShell(t testing.TB) *shell {
	s := &shell{t: t, dir: t.TempDir(), old: map[string]bool{}}
	bin := filepath.Join(s.dir, "bin")
	require.NoError(t, os.Mkdir(bin, 0o755))
	self, err := os.Executable()
	require.NoError(t, err)
	s.script("hostname", `echo "$ROK_HOSTNAME"`)
	for _, name := range []string{
		"rok-config", "rok-cluster-ctl", "rok-cluster-upgrade", "rok-cluster-upgrade-v0.12.0", "rok-composer-tool", "rok-cluster-gc", "rok-register", "rok-present",
	} {
		require.NoError(t, os.Symlink(self, filepath.Join(bin, name)))
	}
	return s
}

func (s *shell) script(name, text string) {
	require.NoError(s.t, os.WriteFile(filepath.Join(s.dir, "bin", name), []byte("#!/bin/sh\n"+text+"\n"), 0o755))
}

func (s *shell) stateDir(host string) string { return filepath.Join(s.dir, "hosts", host, "state") }

// bash runs lines on a host, and returns what they print and the exit code.
func (s *shell) bash(host, lines string) (stdout, stderr string, code int) {
	s.t.Helper()
	conf := filepath.Join(s.dir, "hosts", host, "daemons.conf")
	touch(s.t, conf)
	c := exec.CommandContext(s.t.Context(), "bash", "-c", lines)
	c.Env = []string{
		"PATH=" + filepath.Join(s.dir, "bin") + ":" + os.Getenv("PATH"), "ROK_HOSTNAME=" + host,
		"ROK_STATE_DIR=" + s.stateDir(host), "ROK_CONFIG=" + conf,
		"ROK_TEST_STORE=" + s.store, asProgram + "=1", "TMPDIR=" + os.TempDir(),
	}
	if s.old[host] {
		c.Env = append(c.Env, "ROK_TEST_OLD_CODE=1")
	}
	var out, errs strings.Builder
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if c.ProcessState == nil {
		require.NoError(s.t, err)
	}
	return out.String(), errs.String(), c.ProcessState.ExitCode()
}

// hosts are those that there are.
func (s *shell) hosts() []string { return slices.Sorted(maps.Keys(s.old)) }

// must runs lines, which must succeed.
func (s *shell) must(host, lines string) string {
	s.t.Helper()
	stdout, stderr, code := s.bash(host, lines)
	require.Zero(s.t, code, "%s: %s%s", lines, stdout, stderr)
	return stdout
}

// cluster011 makes a cluster of 0.11 of these hosts, with a store in common. Each has the maps of 0.11.
func (s *shell) cluster011(hosts ...string) *bolt.Store {
	s.store = filepath.Join(s.dir, "cluster.db")
	return s.makeOld(s.store, hosts...)
}

// node011 makes a cluster of 0.11 of one host, with its store where it is by default.
func (s *shell) node011(host string) {
	s.makeOld(filepath.Join(s.stateDir(host), "cluster.db"), host)
}

func (s *shell) makeOld(path string, hosts ...string) *bolt.Store {
	store := bolt.Open(path, bolt.Options{MakeDir: true})
	w := &clusterWorld{t: s.t, dir: filepath.Join(s.dir, "hosts"), store: store, code: map[string]cluster.Code{}}
	w.old(hosts...)
	for _, h := range hosts {
		s.old[h] = true
	}
	return store
}
