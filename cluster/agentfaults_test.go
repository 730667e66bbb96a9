package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
)

// publish has something to apply.
func publish(t *testing.T, w *world, assignment string) {
	require.NoError(t, set(t.Context(), w.on("a", w.memory), assignment))
	_, err := w.on("a", w.memory).Change(t.Context(), cluster.PlanApply)
	require.NoError(t, err)
}

// turns are turns of host a's agent: what was before it, given the agent.
func turns() map[string]func(t *testing.T, w *world, a *cluster.Agent) {
	first := func(t *testing.T, _ *world, a *cluster.Agent) { require.NoError(t, a.Turn(t.Context())) }
	return map[string]func(t *testing.T, w *world, a *cluster.Agent){
		"the first": func(*testing.T, *world, *cluster.Agent) {},
		"a later one": func(t *testing.T, w *world, a *cluster.Agent) {
			first(t, w, a)
			publish(t, w, "gc.wait=2m")
		},
		"behind a lost lease": func(t *testing.T, w *world, a *cluster.Agent) {
			first(t, w, a)
			w.memory.Advance(time.Hour)
		},
		"as the heir": func(t *testing.T, w *world, _ *cluster.Agent) {
			lease, err := w.memory.Grant(t.Context(), time.Minute)
			require.NoError(t, err)
			_, err = w.memory.Txn(t.Context(), kv.Txn{Then: []kv.Op{kv.PutLeased("/rok/heir", []byte("a"), lease)}})
			require.NoError(t, err)
		},
	}
}

func (w *world) agent(store kv.Store) *cluster.Agent {
	return &cluster.Agent{Cluster: w.on("a", store), Dir: w.state("a")}
}

// settled is what one turn without a fault leads to.
func settled(t *testing.T, w *world) {
	t.Helper()
	s := w.read()
	invariant(t, s)
	require.Contains(t, s.Alive, "a")
	require.Equal(t, "a", s.Master.Host)
	require.Empty(t, s.Heir)
	require.Equal(t, cluster.Current().Version, s.Members["a"].Running)
	require.Equal(t, s.Published.Revision, s.Applied["a"])
	applied, err := cluster.ReadApplied(w.state("a"))
	require.NoError(t, err)
	require.Equal(t, s.Published.Revision, applied.Revision)
	require.Equal(t, s.Published.Values["gc.wait"], applied.Values["gc.wait"])
}

// One turn of an agent, with each fault at each call of the store; then the next one, of another process where it crashed.
func TestFaultAtEachCallOfAgent(t *testing.T) {
	for name, before := range turns() {
		for _, fault := range kvtest.Faults() {
			t.Run(fmt.Sprintf("%s/%s", name, fault), func(t *testing.T) {
				for at := 1; ; at++ {
					w := newWorld(t, "a", "b")
					publish(t, w, "gc.wait=1m")
					a := w.agent(w.memory)
					before(t, w, a)
					store := &kvtest.Faulty{Store: w.memory, At: at, Fault: fault}
					a.Cluster.Store = store
					err := a.Turn(t.Context())
					invariant(t, w.read())
					if len(store.Calls()) < at {
						require.NoError(t, err)
						require.Greater(t, at, 1)
						settled(t, w)
						return
					}
					if fault == kvtest.CrashBefore || fault == kvtest.CrashAfter {
						require.ErrorIs(t, err, kvtest.ErrKilled)
						w.memory.Advance(time.Minute) // what it held has run out
						a = w.agent(w.memory)
					} else {
						require.ErrorIs(t, err, kv.ErrUnreachable, "call %d of %v", at, store.Calls())
						a.Cluster.Store = w.memory
					}
					require.NoError(t, a.Turn(t.Context()), "again after call %d of %v", at, store.Calls())
					settled(t, w)
				}
			})
		}
	}
}

// A rival does something before each call of a turn. The next turn has all of it.
func TestRivalAtEachCallOfAgent(t *testing.T) {
	rivals := map[string]func(ctx context.Context, w *world) error{
		"set": func(ctx context.Context, w *world) error {
			return set(ctx, w.on("b", w.memory), "retention.keep_last=7")
		},
		"apply": func(ctx context.Context, w *world) error {
			_, err := w.on("b", w.memory).Change(ctx, cluster.PlanApply)
			return err
		},
		"time": func(_ context.Context, w *world) error { w.memory.Advance(time.Hour); return nil },
		"isolated": func(ctx context.Context, w *world) error {
			return set(ctx, w.on("b", w.memory), "cluster.members.b.master_capable=False")
		},
		"hold": func(ctx context.Context, w *world) error {
			err := w.old("b", w.memory).HoldMaster(ctx, func(context.Context) error { return nil })
			if errors.Is(err, cluster.ErrRefused) { // a is to become it
				return nil
			}
			return err
		},
	}
	for name, before := range turns() {
		for what, rival := range rivals {
			t.Run(name+"/"+what, func(t *testing.T) {
				for at := 1; ; at++ {
					w := newWorld(t, "a", "b")
					publish(t, w, "gc.wait=1m")
					a := w.agent(w.memory)
					before(t, w, a)
					store := &kvtest.Faulty{Store: w.memory, At: at, Before: func(ctx context.Context, _ kv.Store) { require.NoError(t, rival(ctx, w)) }}
					a.Cluster.Store = store
					err := a.Turn(t.Context())
					invariant(t, w.read())
					if len(store.Calls()) < at {
						require.Greater(t, at, 1)
						break
					}
					if err != nil {
						require.True(t, errors.Is(err, cluster.ErrBusy) || errors.Is(err, kv.ErrLeaseLost), "call %d of %v: %v", at, store.Calls(), err)
					}
					require.NoError(t, a.Turn(t.Context()), "after call %d of %v", at, store.Calls())
					settled(t, w)
				}
			})
		}
	}
}
