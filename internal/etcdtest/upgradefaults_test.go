package etcdtest_test

import (
	"context"
	"fmt"
	"sync"
	"syscall"
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
	last := 1
	for at := 1; at <= last; at++ {
		h.reset()
		leader := h.etcd.Leader()
		var stopped sync.WaitGroup
		stop := func(context.Context, kv.Store) {
			stopped.Go(func() { h.etcd.Stop(leader) })
			if !beside {
				stopped.Wait()
			}
		}
		f := &kvtest.Faulty{Store: h.store, At: at, Before: stop}
		c := &cluster.Cluster{Store: f, Host: "rok1", Code: cluster.Current()}
		_, err := c.UpgradeCluster(t.Context(), target, true, false)
		stopped.Wait()
		last = max(last, len(f.Calls()))
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
	require.Greater(t, last, 5)
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

// upgraded has all hosts at 0.12, with their agents running and capable but for those that are not.
func (h *hosts) upgraded(not ...string) {
	h.t.Helper()
	h.boot("rok1")
	h.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-cluster --isolate-master
rok-cluster-upgrade-v0.12.0 upgrade-node
rok-config set cluster.lease_ttl=3s`)
	for _, host := range []string{"rok2", "rok3"} {
		h.boot(host)
		h.must(host, `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	}
	for _, host := range not {
		h.must("rok1", `rok-config set cluster.members.`+host+`.master_capable=False`)
	}
	h.end("rok1") // leases last as long as when an agent began
	h.boot("rok1")
	if s := h.read(); s.Master.Host != "rok1" {
		h.must("rok1", `rok-cluster-ctl set-master rok1`)
	}
}

// When the master is lost without a word, a capable member follows, and never another; when there
// is none, nobody.
func TestMastersLeaseRunsOut(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.upgraded("rok2")
	masters := h.masters()
	h.kill("rok1")
	h.await("the next", func(s *cluster.State) bool { return s.Master.Host == "rok3" })
	h.kill("rok3")
	h.await("nobody", func(s *cluster.State) bool { return s.Master.Host == "" && len(s.Alive) == 1 })
	_, stderr, code := h.bash("rok2", `rok-cluster-ctl set-master rok2`)
	require.Equal(t, 3, code, stderr)
	_, stderr, code = h.bash("rok2", `rok-cluster-ctl set-master rok1`)
	require.Equal(t, 5, code, stderr)
	_, stderr, code = h.bash("rok2", `rok-config set gc.wait=7s && rok-config apply --wait --timeout 1s`)
	require.Equal(t, 5, code)
	require.Contains(t, stderr, "rok1, rok3")
	h.boot("rok1")
	h.await("the first again", func(s *cluster.State) bool { return s.Master.Host == "rok1" })
	require.Equal(t, []string{"rok3", "rok1"}, masters())
}

// Without a quorum each command that needs the store says so and exits with 5, what is local goes on, and so do the
// agents when there is one again.
func TestProgramWithoutQuorum(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.upgraded()
	before := h.read()
	leader := h.etcd.Leader()
	var all sync.WaitGroup
	all.Go(func() { h.etcd.Stop(leader) })
	all.Go(func() { h.etcd.Stop((leader + 1) % 3) })
	all.Wait()
	commands := []string{
		`rok-cluster-ctl member-list`, `rok-cluster-ctl status`, `rok-cluster-ctl set-master rok2`, `rok-cluster-ctl member-add rok4`,
		`rok-config get`, `rok-config diff`, `rok-config history`, `rok-config set gc.wait=9s`, `rok-config apply`,
		`rok-cluster-upgrade plan`, `rok-cluster-upgrade upgrade-cluster`, `rok-cluster-upgrade upgrade-node`, `rok-cluster-upgrade verify`,
	}
	results := make([]string, len(commands))
	for i, line := range commands {
		all.Go(func() {
			stdout, stderr, code := h.bash("rok2", line)
			results[i] = fmt.Sprintf("%d %s%s", code, stdout, stderr)
		})
	}
	h.register("rok3")
	h.must("rok3", `rok-composer-tool ls && rok-composer-tool verify && rok-cluster-gc`)
	h.presented("rok3")
	all.Wait()
	for i, line := range commands {
		require.Regexp(t, `(?s)^5 .*cluster store .* cannot be reached`, results[i], line)
	}
	h.etcd.Begin(leader)
	h.etcd.Begin((leader + 1) % 3)
	h.etcd.WaitReady()
	h.await("agents", func(s *cluster.State) bool { return len(s.Alive) == 3 && s.Master.Host != "" })
	s := h.read()
	require.Equal(t, before.Members, s.Members)
	require.LessOrEqual(t, s.Revision, before.Revision+2, "what had no answer was done once, or never")
	h.must("rok1", `rok-config set gc.wait=9s
rok-config apply --wait`)
}

// The clocks of hosts differ by minutes: no rule and no lease asks them.
func TestClocksDiffer(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	off := map[string]time.Duration{"rok1": -7 * time.Minute, "rok2": 9 * time.Minute, "rok3": 0}
	on := func(host string, code cluster.Code) *cluster.Cluster {
		c := h.on(host, code)
		c.Now = func() time.Time { return time.Now().Add(off[host]) }
		return c
	}
	for _, host := range h.names() {
		h.bootCode(on(host, code011()))
	}
	target, err := cluster.Target("v0.12.0")
	require.NoError(t, err)
	masters := h.masters()
	for i, host := range h.names() {
		c := on(host, cluster.Current())
		if i == 0 { // nobody may follow it meanwhile
			_, err := c.Change(t.Context(), func(s *cluster.State) (cluster.Change, error) {
				return cluster.PlanSet(s, []cluster.Assignment{
					{Name: "cluster.members.rok2.master_capable", Value: "False"}, {Name: "cluster.members.rok3.master_capable", Value: "False"},
				})
			})
			require.NoError(t, err)
		}
		h.bootCode(c)
		if i == 0 {
			_, err := c.UpgradeCluster(t.Context(), target, false, false)
			require.NoError(t, err)
		}
		n := &cluster.Node{Cluster: c, Dir: h.path(host, "state"), Target: target, Steps: []cluster.Step{cluster.ConfStep(h.path(host, "daemons.conf"))}}
		_, err := n.Upgrade(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, []string{"rok1"}, masters())
	s := h.read()
	require.Empty(t, s.Slot)
	require.Empty(t, cluster.Verify(s, target))
	history, err := on("rok2", cluster.Current()).History(t.Context())
	require.NoError(t, err)
	for i, e := range history {
		require.Equal(t, history[0].Revision+int64(i)*(history[len(history)-1].Revision-history[0].Revision)/int64(len(history)-1), e.Revision, "one after the other")
	}
	c := on("rok3", cluster.Current())
	_, err = c.Change(t.Context(), func(s *cluster.State) (cluster.Change, error) {
		return cluster.PlanSet(s, []cluster.Assignment{{Name: "cluster.members.rok2.master_capable", Value: "True"}})
	})
	require.NoError(t, err)
	require.NoError(t, c.SetMaster(t.Context(), "rok2"))
	h.signal("rok2", syscall.SIGTERM)
	h.await("back", func(s *cluster.State) bool { return s.Master.Host == "rok1" })
}
