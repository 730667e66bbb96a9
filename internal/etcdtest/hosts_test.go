package etcdtest_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/etcd"
	"github.com/rok-storage/rok/internal/etcdtest"
)

// fixture is a cluster of 0.11 of rok1, rok2 and rok3.
const fixture = "../../cmd/rok-cluster/testdata/v0.11"

// hosts are rok1, rok2 and rok3, in a directory each, with a cluster of 0.11 on etcd.
type hosts struct {
	t     testing.TB
	etcd  *etcdtest.Cluster
	store *etcd.Store            // the tests' own client
	of    map[string]*etcd.Store // the hosts' clients
	dir   string
	ends  map[string]func(syscall.Signal) // of the agents that run
}

func newHosts(t *testing.T) *hosts {
	e := etcdtest.Start(t, 3, etcdtest.Options{})
	h := &hosts{t: t, etcd: e, store: e.Open(), dir: t.TempDir(), of: map[string]*etcd.Store{}, ends: map[string]func(syscall.Signal){}}
	for _, host := range h.names() {
		h.of[host] = e.Open()
	}
	t.Cleanup(func() {
		for _, host := range h.names() {
			h.kill(host)
		}
	})
	h.reset()
	return h
}

func (h *hosts) names() []string { return []string{"rok1", "rok2", "rok3"} }

func (h *hosts) path(host string, below ...string) string {
	return filepath.Join(append([]string{h.dir, host}, below...)...)
}

// reset gives the store and the hosts what 0.11 left.
func (h *hosts) reset() {
	h.t.Helper()
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(fixture, name))
		require.NoError(h.t, err)
		return text
	}
	all, err := h.store.List(h.t.Context(), "/rok/")
	require.NoError(h.t, err)
	var ops []kv.Op
	state := map[string]string{}
	require.NoError(h.t, json.Unmarshal(read("store.json"), &state))
	for _, e := range all.Entries {
		if _, stays := state[e.Key]; !stays {
			ops = append(ops, kv.Delete(e.Key))
		}
	}
	for key, value := range state {
		ops = append(ops, kv.Put(key, []byte(value)))
	}
	_, err = h.store.Txn(h.t.Context(), kv.Txn{Then: ops})
	require.NoError(h.t, err)
	conf := h.section(h.etcd) + string(read("daemons.conf"))
	applied := string(read("applied.json"))
	for _, host := range h.names() {
		require.NoError(h.t, os.RemoveAll(h.path(host)))
		require.NoError(h.t, os.MkdirAll(h.path(host, "state"), 0o755))
		require.NoError(h.t, os.WriteFile(h.path(host, "daemons.conf"), []byte(conf), 0o644))
		require.NoError(h.t, os.WriteFile(h.path(host, "state", cluster.AppliedFile), []byte(strings.ReplaceAll(applied, "rok1", host)), 0o600))
	}
}

// section is what daemons.conf says of the store.
func (h *hosts) section(e *etcdtest.Cluster) string {
	return "[cluster]\nendpoints = " + strings.Join(e.Endpoints(), ",") + "\n\n"
}

// on is the cluster as a host sees it, with the code that it runs.
func (h *hosts) on(host string, code cluster.Code) *cluster.Cluster {
	return &cluster.Cluster{Store: h.of[host], Host: host, Code: code}
}

func (h *hosts) read() *cluster.State {
	h.t.Helper()
	s, err := h.on("rok1", cluster.Current()).Read(h.t.Context())
	require.NoError(h.t, err)
	return s
}

func code011() cluster.Code {
	return cluster.Code{Version: "0.11.3", MinSchema: 11, MaxSchema: 11, MapVersion: 3}
}

// bootOld starts an agent whose code is that of 0.11.
func (h *hosts) bootOld(host string) {
	h.t.Helper()
	h.bootCode(h.on(host, code011()))
}

// bootCode starts an agent in the test's process.
func (h *hosts) bootCode(c *cluster.Cluster) {
	h.t.Helper()
	h.end(c.Host)
	ctx, cancel := context.WithCancel(context.Background())
	a := &cluster.Agent{Cluster: c, Dir: h.path(c.Host, "state")}
	var done sync.WaitGroup
	done.Go(func() {
		if err := a.Run(ctx); err != nil {
			h.t.Errorf("agent on %s: %v", c.Host, err)
		}
	})
	h.ends[c.Host] = func(syscall.Signal) { cancel(); done.Wait() }
	h.awaitAgent(c.Host, c.Code.Version)
}

// end stops a host's agent, if one runs; kill does not let it give anything back.
func (h *hosts) end(host string)  { h.signal(host, syscall.SIGTERM) }
func (h *hosts) kill(host string) { h.signal(host, syscall.SIGKILL) }

func (h *hosts) signal(host string, s syscall.Signal) {
	if f := h.ends[host]; f != nil {
		delete(h.ends, host)
		f(s)
	}
}

// await waits until the state is one that holds.
func (h *hosts) await(what string, holds func(*cluster.State) bool) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		s, err := h.on("rok1", cluster.Current()).Read(h.t.Context())
		return err == nil && holds(s)
	}, time.Minute, 20*time.Millisecond, what)
}

func (h *hosts) awaitAgent(host, version string) {
	h.t.Helper()
	h.await("agent on "+host, func(s *cluster.State) bool {
		_, applied := s.Applied[host]
		return s.Alive[host].Running == version && s.Members[host].Running == version && applied
	})
}

// masters tells, when it is called, who was master since it was made: each time that the lease was taken.
func (h *hosts) masters() func() []string {
	h.t.Helper()
	begin, err := h.store.List(h.t.Context(), "/rok/leader")
	require.NoError(h.t, err)
	return func() (hosts []string) {
		end, err := h.store.Txn(h.t.Context(), kv.Txn{Then: []kv.Op{kv.Put("/rok/leader-end", nil)}})
		require.NoError(h.t, err)
		ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
		defer cancel()
		for events, err := range h.store.Watch(ctx, "/rok/leader", begin.Revision) {
			require.NoError(h.t, err)
			for _, e := range events {
				if e.Modified == end.Revision {
					return hosts
				}
				var m cluster.Master
				if e.Key == "/rok/leader" && !e.Deleted {
					require.NoError(h.t, json.Unmarshal(e.Value, &m))
					hosts = append(hosts, m.Host)
				}
			}
		}
		h.t.Fatal("the watch ended")
		return nil
	}
}
