package etcdtest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
)

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
	require.Equal(t, []string{"rok1"}, slices.Compact(masters()))
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
	h.end("rok2")
	h.await("back", func(s *cluster.State) bool { return s.Master.Host == "rok1" })
}
