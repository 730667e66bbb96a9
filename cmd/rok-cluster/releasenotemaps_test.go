package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

// upgradeMaps is the release note's section "Upgrade maps", as it is typed.
func upgradeMaps(s *shell, host string) {
	s.t.Helper()
	s.must(host, `rok-config set composer.map_version=4
rok-config apply`)
	for _, h := range s.hosts() { // where no agent runs, each host does its own part
		s.must(h, `rok-config apply`)
	}
	require.Contains(s.t, s.must(host, `rok-composer-tool map-upgrade --all`), "3 maps upgraded, 0 already, 0 failed")
	require.Contains(s.t, s.must(host, `rok-composer-tool ls`), "vm/vm-1~v3.bak")
	require.Contains(s.t, s.must(host, `rok-composer-tool verify`), "0 bad")
	require.Contains(s.t, s.must(host, `rok-cluster-gc --delete-backups`), "backup vm/vm-1~v3.bak: removed")
}

// listMaps are the versions of a host's maps.
func (s *shell) listMaps(host string) map[string]int {
	var v struct {
		Maps []mapView `json:"maps"`
	}
	require.NoError(s.t, json.Unmarshal([]byte(s.must(host, `rok-composer-tool ls -o json`)), &v))
	all := map[string]int{}
	for _, m := range v.Maps {
		all[m.Name] = m.Version
	}
	return all
}

// requireVolumes presents the maps of 0.11, and compares.
func requireVolumes(s *shell, host string) {
	m := newMachine(s.t)
	volumes011(m)
	for _, name := range maps011() {
		want, err := os.ReadFile(filepath.Base(name))
		require.NoError(s.t, err)
		s.must(host, `cd "`+m.dir+`" && rok-present `+name+` `+filepath.Base(name)+`.img -q`)
		got, err := os.ReadFile(filepath.Base(name) + ".img")
		require.NoError(s.t, err)
		require.Equal(s.t, want, got, name)
	}
}

func allOf(version int) map[string]int {
	all := map[string]int{}
	for _, name := range maps011() {
		all[name] = version
	}
	return all
}

// From the committed state of 0.11 to the end. Maps are upgraded when all may read them, and not before.
func TestReleaseNoteToItsEnd(t *testing.T) {
	s := newShell(t)
	s.cluster011(hosts011()...)
	refused := func(why string) {
		t.Helper()
		_, stderr, code := s.bash("rok1", `rok-composer-tool map-upgrade --all`)
		require.Equal(t, int(cli.Refused), code, stderr)
		require.Contains(t, stderr, why)
		require.Contains(t, stderr, "run first: rok-config set composer.map_version=4; then: rok-config apply")
		require.Equal(t, allOf(3), s.listMaps("rok1"), "nothing is done")
	}
	s.must("rok1", oneLiner)
	s.old["rok1"] = false
	s.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-cluster`)
	s.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	refused("composer.map_version is not 4")
	_, stderr, code := s.bash("rok1", `rok-config set composer.map_version=4`)
	require.Equal(t, int(cli.Refused), code)
	require.Contains(t, stderr, "rok2, rok3 cannot read maps of version 4")
	for _, h := range []string{"rok2", "rok3"} {
		s.old[h] = false
		s.must(h, `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	}
	var noted cluster.Inventory
	text, err := os.ReadFile(filepath.Join(s.stateDir("rok3"), cluster.InventoryFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &noted))
	require.Len(t, noted.Stores, 1)
	require.Equal(t, cluster.MapRecord{Name: "db", Version: 3, Size: 1500 << 10}, noted.Stores[0].Maps[0])

	refused("composer.map_version is not 4")
	s.must("rok1", `rok-config set composer.map_version=4`)
	refused("composer.map_version=4 is set and not applied")
	s.must("rok1", `rok-config apply`)
	refused("composer.map_version=4 is not yet applied on rok2, rok3")
	upgradeMaps(s, "rok1")
	require.Equal(t, allOf(4), s.listMaps("rok1"), "no backup is left")
	requireVolumes(s, "rok1")
}

// Where the cluster's store is away, nobody says that maps may be upgraded; all else goes on.
func TestMapUpgradeWithoutStore(t *testing.T) {
	s := newShell(t)
	s.node011("rok1")
	s.old["rok1"] = false
	conf := filepath.Join(s.dir, "hosts/rok1/daemons.conf")
	require.NoError(t, os.WriteFile(conf, []byte("[cluster]\nendpoints = 127.0.0.1:1\n"), 0o644))
	_, stderr, code := s.bash("rok1", `rok-composer-tool map-upgrade --all`)
	require.Equal(t, int(cli.Unreachable), code, stderr)
	require.Equal(t, allOf(3), s.listMaps("rok1"))
	requireVolumes(s, "rok1")
}
