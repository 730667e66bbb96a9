package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
)

// killAt says where a program kills itself with signal 9: "call N" of the cluster's store, before the store has heard of it, or
// "STEP begun", "STEP done" or "STEP verified" of an upgrade.
const killAt = "ROK_TEST_KILL"

func killing(e *env, where string) {
	kill := func() {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // nothing runs on
	}
	if n, ok := strings.CutPrefix(where, "call "); ok {
		at, err := strconv.Atoi(n)
		if err != nil {
			panic(err)
		}
		inner := e.openKV
		e.openKV = func(ctx context.Context, e *env) (kv.Store, error) {
			s, err := inner(ctx, e)
			return &kvtest.Faulty{Store: s, At: at, Before: func(context.Context, kv.Store) { kill() }}, err
		}
		return
	}
	e.steps = func(steps []cluster.Step) []cluster.Step {
		for i, s := range steps {
			reached := func(point string) {
				if where == s.Name+" "+point {
					kill()
				}
			}
			steps[i].Do = func(ctx context.Context) error {
				reached("begun")
				err := s.Do(ctx)
				reached("done")
				return err
			}
			steps[i].Verify = func(ctx context.Context) error {
				err := s.Verify(ctx)
				reached("verified")
				return err
			}
		}
		return steps
	}
}

// upgradedNode is all that an upgrade of rok2, the last node, leaves: files by their names, and what the store has.
func upgradedNode(t *testing.T, s *shell, store kv.Store) map[string]string {
	all := map[string]string{}
	host := filepath.Join(s.dir, "hosts/rok2")
	for _, dir := range []string{host, filepath.Join(host, "state")} {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, e := range entries {
			if e.Type().IsRegular() {
				text, err := os.ReadFile(filepath.Join(dir, e.Name()))
				require.NoError(t, err)
				all[e.Name()] = strings.ReplaceAll(string(text), s.dir, "")
			}
		}
	}
	applied, err := cluster.ReadApplied(filepath.Join(host, "state"))
	require.NoError(t, err)
	all[cluster.AppliedFile] = fmt.Sprint(applied.Host, applied.Schema, applied.Revision, applied.Values)
	now, err := (&cluster.Cluster{Store: store, Host: "rok2", Code: cluster.Current()}).Read(t.Context())
	require.NoError(t, err)
	all["store"] = regexp.MustCompile(`\d+-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC`).ReplaceAllString(fmt.Sprint(now.Schema, now.Revision, now.Values, now.Members, now.Master, now.Heir), "TIME")
	return all
}

// An upgrade-node that is killed with signal 9, wherever that is, goes on where it was, and leaves what one leaves that was not killed.
func TestKilledUpgradeNode(t *testing.T) {
	const upgrade = "rok-cluster-upgrade-v0.12.0 upgrade-node"
	begin := func() (*shell, kv.Store) {
		s := newShell(t)
		store := s.cluster011("rok1", "rok2")
		s.old = map[string]bool{}
		s.must("rok1", "rok-cluster-upgrade-v0.12.0 upgrade-cluster --isolate-master")
		s.must("rok1", upgrade)
		return s, store
	}
	s, store := begin()
	s.must("rok2", upgrade)
	want := upgradedNode(t, s, store)
	require.Contains(t, want[cluster.InventoryFile], "vm/vm-2")
	require.Equal(t, conf011, want["daemons.conf.v0.11"])
	require.Contains(t, want["store"], "rok2.master_capable:True", "it is back")
	require.NotEqual(t, conf011, want["daemons.conf"])

	killed := func(where string) bool {
		s, store := begin()
		stdout, stderr, code := s.bash("rok2", killAt+"='"+where+"' "+upgrade+"; exit $?")
		if code == 0 {
			return false
		}
		require.Equal(t, 128+int(syscall.SIGKILL), code, "%s: %s%s", where, stdout, stderr)
		journal, _ := os.ReadFile(filepath.Join(s.stateDir("rok2"), "upgrade-v0.12.0.json"))
		if step, _, ok := strings.Cut(where, " "); ok && step != "call" {
			require.Contains(t, strings.Join(strings.Fields(string(journal)), ""), `"step":"`+step+`","state":"begun"`)
		}
		s.must("rok2", upgrade)
		require.Equal(t, want, upgradedNode(t, s, store), where)
		s.must("rok2", "rok-cluster-upgrade-v0.12.0 verify")
		return true
	}
	for _, step := range []string{"daemons-conf", "inventory"} {
		for _, point := range []string{"begun", "done", "verified"} {
			require.True(t, killed(step+" "+point))
		}
	}
	calls := 0
	for killed(fmt.Sprintf("call %d", calls+1)) {
		calls++
	}
	require.Greater(t, calls, 4)
}
