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

// faulted is a command that is run with a fault at each of its store's calls.
type faulted struct {
	name  string
	setup func(t *testing.T, w *world) // what has to be done before
	run   func(ctx context.Context, w *world, store kv.Store) error
	done  func(s *cluster.State) bool // what holds when it has finished
}

func upgradeCluster(ctx context.Context, w *world, store kv.Store, isolate bool) error {
	m, err := cluster.Target("")
	if err == nil {
		_, err = w.on("a", store).UpgradeCluster(ctx, m, isolate, false)
	}
	return err
}

func isolated(t *testing.T, w *world) {
	require.NoError(t, upgradeCluster(t.Context(), w, w.memory, true))
}

func upgraded(t *testing.T, w *world) {
	isolated(t, w)
	for _, h := range []string{"a", "b"} {
		_, err := w.node(h, w.memory).Upgrade(t.Context())
		require.NoError(t, err)
	}
}

func faultedCommands() []faulted {
	plan := func(host string, p func(*cluster.State) (cluster.Change, error)) func(context.Context, *world, kv.Store) error {
		return func(ctx context.Context, w *world, store kv.Store) error {
			_, err := w.on(host, store).Change(ctx, p)
			return err
		}
	}
	return append(masterCommands(), []faulted{
		{"set", nil, func(ctx context.Context, w *world, store kv.Store) error {
			return set(ctx, w.on("a", store), "cluster.members.b.master_capable=False", "gc.wait=1m")
		}, func(s *cluster.State) bool { return !s.Capable("b") && s.Values["gc.wait"] == "1m0s" }},
		{"unset", func(t *testing.T, w *world) { require.NoError(t, set(t.Context(), w.on("a", w.memory), "gc.wait=1m")) },
			plan("a", func(s *cluster.State) (cluster.Change, error) { return cluster.PlanUnset(s, []string{"gc.wait"}) }),
			func(s *cluster.State) bool { return s.Values["gc.wait"] == "" }},
		{"apply", nil, func(ctx context.Context, w *world, store kv.Store) error {
			c := w.on("a", store)
			if _, err := c.Change(ctx, cluster.PlanApply); err != nil {
				return err
			}
			s, err := c.Read(ctx)
			if err == nil {
				err = c.ApplyHere(ctx, s, w.state("a"))
			}
			return err
		}, func(s *cluster.State) bool { return s.Published.Revision > 0 && s.Applied["a"] == s.Published.Revision }},
		{"member-add", nil, plan("a", func(s *cluster.State) (cluster.Change, error) { return cluster.PlanAdd(s, "d", true, nil) }),
			func(s *cluster.State) bool { return s.Members["d"].Host == "d" && s.Capable("d") }},
		{"member-remove", nil, plan("a", func(s *cluster.State) (cluster.Change, error) {
			if _, there := s.Members["b"]; !there {
				return cluster.Change{}, nil // a re-run is told that there is none
			}
			return cluster.PlanRemove(s, "b")
		}), func(s *cluster.State) bool { return s.Members["b"].Host == "" && !s.Capable("b") }},
		{"upgrade-cluster", nil, func(ctx context.Context, w *world, store kv.Store) error { return upgradeCluster(ctx, w, store, true) },
			func(s *cluster.State) bool { return s.Schema == 12 && !s.Capable("b") }},
		{"upgrade-node", isolated, func(ctx context.Context, w *world, store kv.Store) error {
			_, err := w.node("a", store).Upgrade(ctx)
			return err
		}, func(s *cluster.State) bool { return s.Members["a"].Version == "0.12.0" }},
		{"last upgrade-node", func(t *testing.T, w *world) {
			isolated(t, w)
			_, err := w.node("a", w.memory).Upgrade(t.Context())
			require.NoError(t, err)
		}, func(ctx context.Context, w *world, store kv.Store) error {
			_, err := w.node("b", store).Upgrade(ctx)
			return err
		}, func(s *cluster.State) bool { return s.Members["b"].Version == "0.12.0" && s.Capable("b") }},
		{"rollback of a node", upgraded, func(ctx context.Context, w *world, store kv.Store) error {
			_, err := w.node("b", store).Undo(ctx)
			return err
		}, func(s *cluster.State) bool { return s.Members["b"].Version == "0.11.3" }},
		{"rollback of the cluster", isolated, func(ctx context.Context, w *world, store kv.Store) error {
			m, err := cluster.Target("")
			if err == nil {
				_, err = w.on("a", store).UndoCluster(ctx, m, false)
			}
			return err
		}, func(s *cluster.State) bool {
			return s.Schema == 11 && s.Capable("b") && s.Values["composerd.block_size"] == "1MiB"
		}},
		{"rollback of the configuration", func(t *testing.T, w *world) {
			for _, value := range []string{"1m", "2m"} { // revisions 2 and 3
				require.NoError(t, set(t.Context(), w.on("a", w.memory), "gc.wait="+value))
			}
		}, func(ctx context.Context, w *world, store kv.Store) error {
			_, err := w.on("a", store).Rollback(ctx, 2, false)
			return err
		}, func(s *cluster.State) bool { return s.Values["gc.wait"] == "1m0s" }},
	}...)
}

// invariant is what holds at any moment: schema and configuration agree, and who is master may be it.
func invariant(t *testing.T, s *cluster.State) {
	t.Helper()
	_, old := s.Values["composerd.block_size"]
	_, now := s.Values["composer.map_version"]
	switch s.Schema {
	case 11:
		require.False(t, now, "a value of schema 12 in schema 11")
	case 12:
		require.False(t, old, "a value of schema 11 in schema 12")
		require.True(t, now)
		require.NotNil(t, s.Upgrade)
	default:
		t.Fatalf("schema %d", s.Schema)
	}
	if h := s.Master.Host; h != "" {
		require.True(t, s.Capable(h), "%s is master and not capable", h)
		if s.Schema == 12 {
			require.NotEqual(t, "0.11.3", s.Master.Running, "an old master after the schema moved")
		}
	}
	capable := 0
	for _, h := range s.Hosts() {
		if s.Capable(h) {
			capable++
			require.False(t, s.Schema == 12 && s.Members[h].MaxSchema == 11, "%s may become master and is old", h)
		}
	}
	require.Positive(t, capable)
}

// Each command, with each fault at each call of the store; then once more, to the end.
func TestFaultAtEachCall(t *testing.T) {
	for _, f := range faultedCommands() {
		for _, fault := range kvtest.Faults() {
			t.Run(fmt.Sprintf("%s/%s", f.name, fault), func(t *testing.T) {
				for at := 1; ; at++ {
					w := newWorld(t, "a", "b")
					if f.setup != nil {
						f.setup(t, w)
					}
					store := &kvtest.Faulty{Store: w.memory, At: at, Fault: fault}
					err := f.run(t.Context(), w, store)
					invariant(t, w.read())
					if len(store.Calls()) < at {
						require.NoError(t, err)
						require.Greater(t, at, 1)
						return
					}
					if err == nil { // what was lost did not matter
						require.True(t, f.done(w.read()), "call %d: no error, and not done", at)
					} else if !errors.Is(err, kvtest.ErrKilled) {
						require.ErrorIs(t, err, kv.ErrUnreachable, "call %d of %v", at, store.Calls())
					}
					w.memory.Advance(time.Minute) // what a killed one held has run out
					require.NoError(t, f.run(t.Context(), w, w.memory), "again after call %d of %v", at, store.Calls())
					invariant(t, w.read())
					require.True(t, f.done(w.read()), "call %d of %v: not done", at, store.Calls())
				}
			})
		}
	}
}

// A rival changes something, or tries to become master with old code, before each call.
func TestRivalAtEachCall(t *testing.T) {
	rivals := map[string]func(ctx context.Context, w *world){
		"set": func(ctx context.Context, w *world) { _ = set(ctx, w.on("b", w.memory), "retention.keep_last=7") },
		"capable again": func(ctx context.Context, w *world) {
			_ = set(ctx, w.on("b", w.memory), "cluster.members.b.master_capable=True")
		},
		"old master": func(ctx context.Context, w *world) {
			_ = w.old("b", w.memory).HoldMaster(ctx, func(context.Context) error { return nil })
		},
		"time": func(_ context.Context, w *world) { w.memory.Advance(time.Minute) },
	}
	for _, f := range faultedCommands() {
		for name, rival := range rivals {
			t.Run(f.name+"/"+name, func(t *testing.T) {
				for at := 1; ; at++ {
					w := newWorld(t, "a", "b")
					if f.setup != nil {
						f.setup(t, w)
					}
					store := &kvtest.Faulty{Store: w.memory, At: at, Before: func(ctx context.Context, _ kv.Store) { rival(ctx, w) }}
					err := f.run(t.Context(), w, store)
					invariant(t, w.read())
					if len(store.Calls()) < at {
						break
					}
					if err != nil { // refused, or the lease was lost: typed in any case
						gone := f.name == "set-master" && name == "time" && errors.Is(err, cluster.ErrAbsent) // no agent shows itself, or the heir was late
						require.True(t, gone || errors.Is(err, cluster.ErrRefused) || errors.Is(err, kv.ErrLeaseLost), "call %d: %v", at, err)
					} else {
						over := f.name == "set-master" && name == "time" // its lease ran out behind the command
						require.True(t, name == "capable again" || over || f.done(w.read()), "call %d", at)
					}
				}
			})
		}
	}
}
