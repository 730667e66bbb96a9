package cluster_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
)

func code011() cluster.Code {
	return cluster.Code{Version: "0.11.3", MinSchema: 11, MaxSchema: 11, MapVersion: 3}
}

// world is a store in memory, and hosts' directories.
type world struct {
	t      *testing.T
	memory *kvtest.Memory
	dir    string
}

// newWorld makes a cluster of 0.11 of these hosts, all of them capable.
func newWorld(t *testing.T, hosts ...string) *world {
	w := &world{t: t, memory: kvtest.NewMemory(), dir: t.TempDir()}
	ops := []kv.Op{
		kv.Put("/rok/schema", []byte("11")),
		kv.Put("/rok/rev", []byte(`{"v":1,"rev":1,"host":"a","command":"first","at":"2026-01-02T03:04:05Z"}`)),
		kv.Put("/rok/config/composerd", []byte(`{"v":1,"values":{"composerd.block_size":"1MiB"}}`)),
	}
	capable := map[string]string{}
	for _, h := range hosts {
		capable["cluster.members."+h+".master_capable"] = "True"
		ops = append(ops, kv.Put("/rok/members/"+h, []byte(`{"v":1,"host":"`+h+`","version":"0.11.3","running":"0.11.3","min_schema":11,"max_schema":11}`)))
		require.NoError(t, os.MkdirAll(w.state(h), 0o755))
	}
	text, err := json.Marshal(map[string]any{"v": 1, "values": capable})
	require.NoError(t, err)
	_, err = w.memory.Txn(t.Context(), kv.Txn{Then: append(ops, kv.Put("/rok/config/cluster", text))})
	require.NoError(t, err)
	return w
}

func (w *world) state(host string) string { return filepath.Join(w.dir, host) }

// on is the cluster, seen from a host that runs today's code.
func (w *world) on(host string, store kv.Store) *cluster.Cluster {
	return &cluster.Cluster{Store: store, Host: host, Code: cluster.Current(), Now: func() time.Time { return time.Unix(1790000000, 0) }}
}

func (w *world) old(host string, store kv.Store) *cluster.Cluster {
	c := w.on(host, store)
	c.Code = code011()
	return c
}

func (w *world) read() *cluster.State {
	w.t.Helper()
	s, err := w.on("a", w.memory).Read(w.t.Context())
	require.NoError(w.t, err)
	return s
}

func target(t *testing.T) cluster.Migration {
	m, err := cluster.Target("0.12.0")
	require.NoError(t, err)
	return m
}

// set is rok-config set.
func set(ctx context.Context, c *cluster.Cluster, assignments ...string) error {
	var all []cluster.Assignment
	for _, text := range assignments {
		a, err := cluster.ParseAssignment(text)
		if err != nil {
			return err
		}
		all = append(all, a)
	}
	_, err := c.Change(ctx, func(s *cluster.State) (cluster.Change, error) { return cluster.PlanSet(s, all) })
	return err
}

func (w *world) node(host string, store kv.Store) *cluster.Node {
	m, err := cluster.Target("")
	require.NoError(w.t, err)
	return &cluster.Node{Cluster: w.on(host, store), Dir: w.state(host), Target: m, Steps: []cluster.Step{
		cluster.ConfStep(filepath.Join(w.state(host), "daemons.conf")),
		cluster.RecordStep(w.state(host), func(context.Context) ([]cluster.StoreRecord, error) { return nil, nil }),
	}}
}
