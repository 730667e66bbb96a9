package etcdtest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
)

// agree checks that schema and configuration are of one version: nothing is half done.
func (h *hosts) agree() *cluster.State {
	h.t.Helper()
	s := h.read()
	_, old := s.Values["composerd.block_size"]
	_, moved := s.Values["composer.block_size"]
	_, err := h.on("rok1", cluster.Current()).Backup(h.t.Context(), 11)
	switch s.Schema {
	case 11:
		require.True(h.t, old && !moved && s.Upgrade == nil, "%v", s.Values)
		require.Error(h.t, err)
		require.Empty(h.t, s.NotCapable())
	case 12:
		require.True(h.t, !old && moved && s.Upgrade != nil, "%v", s.Values)
		require.NoError(h.t, err)
		require.Equal(h.t, []string{"rok2", "rok3"}, s.NotCapable())
	default:
		h.t.Fatalf("schema %d", s.Schema)
	}
	return s
}

// The leader of etcd stops before each of the calls of upgrade-cluster, and in another cluster while each is on its
// way.
func TestUpgradeClusterAfterLeaderStops(t *testing.T) {
	t.Parallel()
	upgradeWhileLeaderStops(t, false)
}

func TestUpgradeClusterWhileLeaderStops(t *testing.T) {
	t.Parallel()
	upgradeWhileLeaderStops(t, true)
}

func upgradeWhileLeaderStops(t *testing.T, beside bool) {
	h := newHosts(t)
	target, err := cluster.Target("v0.12.0")
	require.NoError(t, err)
	for at := 1; ; at++ {
		h.reset()
		leader := h.etcd.Leader()
		var stopped sync.WaitGroup
		stop := func(context.Context, kv.Store) {
			stopped.Go(func() { h.etcd.Stop(leader) })
			if !beside {
				stopped.Wait()
			}
		}
		f := &kvtest.Faulty{Store: h.of["rok1"], At: at, Before: stop}
		c := &cluster.Cluster{Store: f, Host: "rok1", Code: cluster.Current()}
		_, err := c.UpgradeCluster(t.Context(), target, true, false)
		stopped.Wait()
		if len(f.Calls()) < at { // none was left
			require.NoError(t, err)
			require.Greater(t, at, 5)
			return
		}
		what := fmt.Sprintf("call %d of %v: %v", at, f.Calls(), err)
		if err != nil {
			require.ErrorIs(t, err, kv.ErrUnreachable, what)
		}
		schema := h.agree().Schema
		require.True(t, err != nil || schema == 12, what)
		done, err := h.on("rok1", cluster.Current()).UpgradeCluster(t.Context(), target, true, false)
		require.NoError(t, err, what)
		require.Equal(t, schema == 12, done.Change.Empty(), what)
		require.Equal(t, 12, h.agree().Schema)
		h.etcd.Begin(leader)
		h.etcd.WaitReady()
	}
}

// The same with the program, whose exit code is 0 or 5.
func TestUpgradeProgramWhileLeaderStops(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.boot("rok1")
	h.await("master", func(s *cluster.State) bool { return s.Master.Host == "rok1" })
	for _, wait := range []time.Duration{0, 20 * time.Millisecond} {
		leader := h.etcd.Leader()
		var stopped sync.WaitGroup
		stopped.Go(func() { time.Sleep(wait); h.etcd.Stop(leader) })
		_, stderr, code := h.bash("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-cluster --isolate-master`)
		stopped.Wait()
		require.Contains(t, []int{0, 5}, code, stderr)
		require.True(t, h.agree().Schema == 12 || code == 5)
		h.etcd.Begin(leader)
		h.etcd.WaitReady()
	}
	h.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-cluster --isolate-master
rok-cluster-upgrade-v0.12.0 upgrade-node`)
	h.agree()
	for _, host := range []string{"rok2", "rok3"} {
		h.boot(host)
		h.must(host, `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	}
	require.Empty(t, h.read().NotCapable(), "the last node gives it back")
	h.must("rok1", `rok-cluster-upgrade-v0.12.0 verify`)
}
