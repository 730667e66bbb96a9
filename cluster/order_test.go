package cluster_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
	"github.com/rok-storage/rok/units"
)

// Nodes are one at a time: while the first one's steps run, the second is refused.
func TestTwoNodesAtOnce(t *testing.T) {
	w := newWorld(t, "a", "b", "c")
	isolated(t, w)
	_, err := w.node("a", w.memory).Upgrade(t.Context())
	require.NoError(t, err)
	n := w.node("b", w.memory)
	n.Steps = append(n.Steps, cluster.RecordStep(t.TempDir(), func(ctx context.Context) ([]cluster.StoreRecord, error) {
		_, err := w.node("c", w.memory).Upgrade(ctx)
		require.ErrorIs(t, err, cluster.ErrRefused)
		require.ErrorContains(t, err, "b is being upgraded")
		return nil, nil
	}))
	n.Steps[len(n.Steps)-1].Name = "probe"
	_, err = n.Upgrade(t.Context())
	require.NoError(t, err)
	_, err = w.node("c", w.memory).Upgrade(t.Context())
	require.NoError(t, err)
	require.Empty(t, w.read().Slot)
	require.Empty(t, cluster.Verify(w.read(), target(t)))
}

func TestCapability(t *testing.T) {
	w := newWorld(t, "a", "b")
	require.NoError(t, set(t.Context(), w.on("a", w.memory), "cluster.members.b.master_capable=False"))
	s := w.read()
	require.NoError(t, s.CanLead("a", cluster.Current()))
	require.ErrorIs(t, s.CanLead("b", cluster.Current()), cluster.ErrRefused)
	require.ErrorIs(t, s.CanLead("x", cluster.Current()), cluster.ErrNoMember)
	require.NoError(t, upgradeCluster(t.Context(), w, w.memory, false))
	require.ErrorIs(t, w.read().CanLead("a", code011()), cluster.ErrSchema)
}

// Two that campaign at once: one holds the lease, and the other hears of it.
func TestOneMaster(t *testing.T) {
	w := newWorld(t, "a", "b")
	err := w.on("a", w.memory).HoldMaster(t.Context(), func(ctx context.Context) error {
		require.Equal(t, "a", w.read().Master.Host)
		return w.on("b", w.memory).HoldMaster(ctx, func(context.Context) error {
			require.Equal(t, "a", w.read().Master.Host)
			return upgradeBy(ctx, w, "b")
		})
	})
	require.ErrorIs(t, err, cluster.ErrRefused)
	require.ErrorContains(t, err, "b is not the master, a is")
	require.Empty(t, w.read().Master.Host)
}

func upgradeBy(ctx context.Context, w *world, host string) error {
	m, err := cluster.Target("")
	if err == nil {
		_, err = w.on(host, w.memory).UpgradeCluster(ctx, m, true, false)
	}
	return err
}

func TestMapGate(t *testing.T) {
	w := newWorld(t, "a", "b")
	c := w.on("a", w.memory)
	require.ErrorIs(t, set(t.Context(), c, "composer.map_version=4"), cluster.ErrRefused)
	upgraded(t, w)
	require.ErrorContains(t, w.read().MapGate(), "rok-config set composer.map_version=4; then: rok-config apply")
	require.NoError(t, set(t.Context(), c, "composer.map_version=4"))
	require.ErrorContains(t, w.read().MapGate(), "set and not applied")
	_, err := c.Change(t.Context(), cluster.PlanApply)
	require.NoError(t, err)
	require.NoError(t, c.ApplyHere(t.Context(), w.read(), w.state("a")))
	require.ErrorContains(t, w.read().MapGate(), "not yet applied on b")
	require.NoError(t, w.on("b", w.memory).ApplyHere(t.Context(), w.read(), w.state("b")))
	require.NoError(t, w.read().MapGate())
}

// What an old member's agent finds when the schema has moved: it is no master, and applies nothing.
func TestOldAgentAfterTheSchemaMoved(t *testing.T) {
	w := newWorld(t, "a", "b")
	isolated(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	var waits error
	a := &cluster.Agent{Cluster: w.old("b", w.memory), Dir: w.state("b"), Report: func(e cluster.AgentEvent) {
		waits = e.Err
		cancel()
	}}
	require.NoError(t, a.Run(ctx))
	require.ErrorIs(t, waits, cluster.ErrSchema)
	s := w.read()
	require.Empty(t, s.Master.Host)
	require.Empty(t, s.Applied)
	require.Empty(t, s.Alive, "a stopped agent gives back its lease")
}

// An agent applies what is published, becomes master, and goes on after its lease ran out and after the
// store was away.
func TestAgent(t *testing.T) {
	w := newWorld(t, "a")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := make(chan string, 100)
	a := &cluster.Agent{Cluster: w.on("a", w.memory), Dir: w.state("a"), Report: func(e cluster.AgentEvent) { events <- e.What }}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	require.Equal(t, "is master", <-events)
	_, err := w.on("a", w.memory).Change(ctx, cluster.PlanApply)
	require.NoError(t, err)
	require.Equal(t, "applied revision 3", <-events)
	applied, err := cluster.ReadApplied(w.state("a"))
	require.NoError(t, err)
	require.Equal(t, int64(3), applied.Revision)
	require.Equal(t, "1MiB", applied.Values["composerd.block_size"])

	w.memory.Advance(time.Hour) // the lease is gone, and the watch tells
	require.Equal(t, "is master no more", <-events)
	require.Equal(t, "is master", <-events)
	cancel()
	require.NoError(t, <-ended)
	s := w.read()
	require.Empty(t, s.Master.Host)
	require.Empty(t, s.Alive)
}

// A member's state directory that lost what was there is not taken for a new one.
func TestEmptiedStateDirectory(t *testing.T) {
	w := newWorld(t, "a")
	c := w.on("a", w.memory)
	_, err := c.Change(t.Context(), cluster.PlanApply)
	require.NoError(t, err)
	require.NoError(t, c.ApplyHere(t.Context(), w.read(), w.state("a")))
	require.NoError(t, upgradeCluster(t.Context(), w, w.memory, false))
	n := w.node("a", w.memory)
	n.Dir = t.TempDir()
	_, err = n.Upgrade(t.Context())
	require.ErrorIs(t, err, cluster.ErrEmptied)
	empty := &cluster.Cluster{Store: newEmpty(), Host: "a", Code: cluster.Current()}
	_, err = empty.UpgradeCluster(t.Context(), target(t), false, false)
	require.ErrorIs(t, err, cluster.ErrEmptied)
}

func newEmpty() kv.Store { return kvtest.NewMemory() }

// What was applied before the upgrade holds after it, under its new name.
func TestAppliedSurvivesTheUpgrade(t *testing.T) {
	w := newWorld(t, "a")
	c := w.on("a", w.memory)
	_, err := c.Change(t.Context(), cluster.PlanApply)
	require.NoError(t, err)
	require.NoError(t, c.ApplyHere(t.Context(), w.read(), w.state("a")))
	require.NoError(t, upgradeCluster(t.Context(), w, w.memory, false))
	_, err = w.node("a", w.memory).Upgrade(t.Context())
	require.NoError(t, err)
	applied, err := cluster.ReadApplied(w.state("a"))
	require.NoError(t, err)
	settings, err := cluster.SettingsOf(applied.Values)
	require.NoError(t, err)
	require.Equal(t, units.MiB, settings.BlockSize)
}
