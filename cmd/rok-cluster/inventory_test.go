package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/internal/cli"
)

func TestInventory(t *testing.T) {
	m := newMachine(t)
	take := func() []cluster.StoreRecord {
		all, err := m.env.inventory(t.Context())
		require.NoError(t, err)
		return all
	}
	require.Empty(t, take(), "nothing was ever registered")
	m.do("disk disk.img 20M", "write disk.img 4M 1000 1")
	m.must("rok-register", "disk.img", "vm/web-1", "-q")
	m.must("rok-register", "disk.img", "tree", "--map-version", "4", "--degree", "16", "-q")
	own := cluster.StoreRecord{Address: "file://" + m.dir + "/state/store", Maps: []cluster.MapRecord{
		{Name: "tree", Version: 4, Size: 20 << 20}, {Name: "vm/web-1", Version: 3, Size: 20 << 20},
	}}
	require.Equal(t, []cluster.StoreRecord{own}, take())

	other := filepath.Join(m.dir, "other")
	m.must("rok-register", "disk.img", "b", "--store", other, "-q")
	m.do("text daemons.conf [s3d.1] 'store = " + other + "' [s3d.2] [s3d.10] 'store = " + own.Address + "' [s3d.11] 'store = " + m.dir + "/none'")
	second := cluster.StoreRecord{Address: "file://" + other, Maps: []cluster.MapRecord{{Name: "b", Version: 3, Size: 20 << 20}}}
	none := cluster.StoreRecord{Address: "file://" + m.dir + "/none", Maps: []cluster.MapRecord{}}
	require.Equal(t, []cluster.StoreRecord{own, second, none}, take(), "each store once")

	m.do("text daemons.conf [composer] 'store = "+other+"'", "damage other/map+/*")
	damaged := take()
	require.Len(t, damaged, 1)
	require.NotEmpty(t, damaged[0].Maps[0].Error, "it does not stop an upgrade")

	m.do("text daemons.conf [composer] 'store = " + other + "?key=" + m.dir + "/gone'")
	_, err := m.env.inventory(t.Context())
	require.Equal(t, cli.NotFound, cli.CodeOf(err, rules()...), "a key that is gone is no store that is not there: %v", err)
}

func TestNodeStores(t *testing.T) {
	settings, err := cluster.SettingsOf(map[string]string{
		"s3d.0.store": "s3://cluster", "s3d.1.store": "s3://cluster/one?endpoint=http://h", "s3d.1.assume_no_versioning": "True",
	})
	require.NoError(t, err)
	for text, want := range map[string][]string{
		"":                             {""},
		"[composer]\nstore = /s\n":     {"/s"},
		"[s3d.0]\n":                    {"", "s3://cluster"},
		"[s3d.0]\nstore = s3://own\n":  {"", "s3://own"},
		"[s3d.1]\n[s3d.x]\n[s3d]\n":    {"", "s3://cluster/one?endpoint=http%3A%2F%2Fh&versioning=assume"},
		"[s3d.7]\nno_versioning = yes": {""},
		"[s3d.7]\nbucket = b\nprefix = /p/\nendpoint = http://h:1\nassume_no_versioning = true": {"", "s3://b/p?endpoint=http%3A%2F%2Fh%3A1&versioning=assume"},
	} {
		file, err := conf.Parse("daemons.conf", []byte(text))
		require.NoError(t, err)
		all, err := nodeStores(file, settings)
		require.NoError(t, err)
		var addresses []string
		for _, s := range all {
			addresses = append(addresses, s.address)
		}
		require.Equal(t, want, addresses, text)
	}
	own, err := conf.Parse("daemons.conf", []byte("[s3d.7]\nbucket = b\npath-style = yes\ncredentials = /k\nprofile = p\n"))
	require.NoError(t, err)
	all, err := nodeStores(own, settings)
	require.NoError(t, err)
	require.Equal(t, []nodeStore{{}, {"s3://b?path-style=yes", s3Keys{File: "/k", Profile: "p"}}}, all)
	file, err := conf.Parse("daemons.conf", []byte("[s3d.0]\nstore = s3://key:geheim@b\n"))
	require.NoError(t, err)
	_, err = nodeStores(file, settings)
	require.Equal(t, cli.Usage, cli.CodeOf(err, rules()...))
	require.NotContains(t, err.Error(), "geheim")
}

// upgrade-node notes them in the state directory.
func TestUpgradeNodeNotesMaps(t *testing.T) {
	w := newClusterWorld(t)
	w.old("rok1")
	w.code["rok1"] = cluster.Current()
	w.must("rok-cluster-upgrade upgrade-cluster")
	w.must("rok-cluster-upgrade upgrade-node")
	text, err := os.ReadFile(filepath.Join(w.stateDir(), cluster.InventoryFile))
	require.NoError(t, err)
	var found cluster.Inventory
	require.NoError(t, json.Unmarshal(text, &found))
	require.Equal(t, []cluster.StoreRecord{{
		Address: "file://" + w.stateDir() + "/store", Maps: []cluster.MapRecord{
			{Name: "db", Version: 3, Size: 1500 << 10}, {Name: "vm/vm-1", Version: 3, Size: 6 << 20}, {Name: "vm/vm-2", Version: 3, Size: 6 << 20},
		},
	}}, found.Stores)
}
