package etcdtest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster/kv"
	"github.com/rok-storage/rok/cluster/kv/bolt"
	"github.com/rok-storage/rok/internal/etcdtest"
)

// fill makes a cluster of 0.11 of 1,000 members and 10,000 variables.
func fill(b *testing.B, s kv.Store) {
	b.Helper()
	var ops []kv.Op
	put := func(key, value string) {
		if ops = append(ops, kv.Put(key, []byte(value))); len(ops) == 100 {
			_, err := s.Txn(b.Context(), kv.Txn{Then: ops})
			require.NoError(b, err)
			ops = nil
		}
	}
	sections := map[string]map[string]string{"cluster": {}, "s3d": {}}
	for i := range 1000 {
		host := fmt.Sprintf("node%d.example.com", i)
		sections["cluster"]["cluster.members."+host+".master_capable"] = "True"
		put("/rok/members/"+host, `{"v":1,"host":"`+host+`","version":"0.11.3","running":"0.11.3","min_schema":11,"max_schema":11,"map_version":3}`)
		put("/rok/applied/"+host, `{"rev":1,"at":"2026-01-02T03:04:05Z"}`)
		put("/rok/alive/"+host, `{"running":"0.11.3","since":"2026-01-02T03:04:05Z"}`)
	}
	for i := range 9000 {
		sections["s3d"][fmt.Sprintf("s3d.%d.no_versioning", i)] = "True"
	}
	for name, values := range sections {
		text, err := json.Marshal(map[string]any{"v": 1, "values": values})
		require.NoError(b, err)
		put("/rok/config/"+name, string(text))
	}
	put("/rok/leader", `{"host":"node0.example.com","running":"0.11.3"}`)
	put("/rok/schema", "11")
	put("/rok/rev", `{"v":1,"rev":1}`)
	_, err := s.Txn(b.Context(), kv.Txn{Then: ops})
	require.NoError(b, err)
}

// Whole commands, from the start of the process to its end, on 1,000 members and 10,000 variables.
func BenchmarkCommands(b *testing.B) {
	const host = "node0.example.com"
	b.Run("bbolt", func(b *testing.B) {
		h := &hosts{t: b, dir: b.TempDir()}
		require.NoError(b, os.MkdirAll(h.path(host, "state"), 0o755))
		require.NoError(b, os.WriteFile(h.path(host, "daemons.conf"), nil, 0o644))
		fill(b, bolt.Open(filepath.Join(h.path(host, "state"), "cluster.db"), bolt.Options{}))
		commands(b, h, host)
	})
	b.Run("etcd", func(b *testing.B) {
		e := etcdtest.Start(b, 3, etcdtest.Options{})
		h := &hosts{t: b, dir: b.TempDir()}
		require.NoError(b, os.MkdirAll(h.path(host, "state"), 0o755))
		require.NoError(b, os.WriteFile(h.path(host, "daemons.conf"), []byte(h.section(e)), 0o644))
		fill(b, e.Open())
		commands(b, h, host)
	})
}

func commands(b *testing.B, h *hosts, host string) {
	for _, line := range []string{
		"rok-cluster-ctl member-list", "rok-config get", "rok-config set s3d.17.no_versioning=$VALUE", "rok-cluster-upgrade plan",
	} {
		name, _, _ := strings.Cut(line, "=")
		b.Run(name, func(b *testing.B) {
			value := "True"
			for b.Loop() {
				value = map[string]string{"True": "False", "False": "True"}[value]
				h.must(host, "VALUE="+value+"; exec "+line+" >/dev/null 2>&1")
			}
		})
	}
}
