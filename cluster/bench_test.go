package cluster_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/kvtest"
)

// large is a cluster of 1,000 members and 10,000 variables.
func large(t testing.TB) (*cluster.Cluster, *kvtest.Faulty) {
	memory := kvtest.NewMemory()
	sections := map[string]map[string]string{"cluster": {}, "s3d": {}}
	var ops []kv.Op
	put := func(op kv.Op) {
		if ops = append(ops, op); len(ops) == kv.MaxOps {
			_, err := memory.Txn(t.Context(), kv.Txn{Then: ops})
			require.NoError(t, err)
			ops = nil
		}
	}
	for i := range 1000 {
		h := fmt.Sprintf("node%d.example.com", i)
		sections["cluster"]["cluster.members."+h+".master_capable"] = "True"
		put(kv.Put("/rok/members/"+h, []byte(`{"v":1,"host":"`+h+`","version":"0.11.3","running":"0.11.3","min_schema":11,"max_schema":11}`)))
		put(kv.Put("/rok/applied/"+h, []byte(`{"rev":1,"at":"2026-01-02T03:04:05Z"}`)))
	}
	for i := range 9000 {
		sections["s3d"][fmt.Sprintf("s3d.%d.no_versioning", i)] = "True"
	}
	for name, values := range sections {
		text, err := json.Marshal(map[string]any{"v": 1, "values": values})
		require.NoError(t, err)
		put(kv.Put("/rok/config/"+name, text))
	}
	put(kv.Put("/rok/schema", []byte("11")))
	put(kv.Put("/rok/rev", []byte(`{"v":1,"rev":1}`)))
	_, err := memory.Txn(t.Context(), kv.Txn{Then: ops})
	require.NoError(t, err)
	store := &kvtest.Faulty{Store: memory}
	return &cluster.Cluster{Store: store, Host: "node0.example.com", Code: cluster.Current()}, store
}

// A reading is one round trip, a change two; the largest upgrade is one transaction within the limits.
func TestLargeCluster(t *testing.T) {
	c, store := large(t)
	s, err := c.Read(t.Context())
	require.NoError(t, err)
	require.Len(t, s.Members, 1000)
	require.Greater(t, len(s.Get("")), 10000)
	require.Len(t, store.Calls(), 1)
	require.NoError(t, set(t.Context(), c, "s3d.17.no_versioning=False"))
	require.Len(t, store.Calls(), 3)
	m := target(t)
	done, err := c.UpgradeCluster(t.Context(), m, true, false)
	require.NoError(t, err)
	require.Len(t, done.Change.Upgrade.Restore, 999)
	s, err = c.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, 12, s.Schema)
	require.Len(t, s.NotCapable(), 999)
}

func BenchmarkLargeCluster(b *testing.B) {
	c, _ := large(b)
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			s, err := c.Read(b.Context())
			require.NoError(b, err)
			require.Greater(b, len(s.Get("")), 10000)
		}
	})
	b.Run("member-list", func(b *testing.B) {
		for b.Loop() {
			s, err := c.Read(b.Context())
			require.NoError(b, err)
			require.Len(b, s.Hosts(), 1000)
		}
	})
	b.Run("plan", func(b *testing.B) {
		for b.Loop() {
			s, err := c.Read(b.Context())
			require.NoError(b, err)
			require.Greater(b, len(cluster.Schedule(s, cluster.Migrations()[0])), 1000)
		}
	})
	b.Run("set", func(b *testing.B) {
		on := false
		for b.Loop() {
			on = !on
			require.NoError(b, set(b.Context(), c, fmt.Sprintf("s3d.17.no_versioning=%t", on)))
		}
	})
}
