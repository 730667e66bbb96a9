package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli/clitest"
)

// fixtures011 has the state of 0.11 that tests upgrade.
var fixtures011 = func() string {
	path, err := filepath.Abs("testdata/v0.11") // tests change their directory
	if err != nil {
		panic(err)
	}
	return path
}()

// hosts011 are the members of the cluster that is committed.
func hosts011() []string { return []string{"rok1", "rok2", "rok3"} }

func fixture011(t testing.TB, name string) []byte {
	text, err := os.ReadFile(filepath.Join(fixtures011, name))
	require.NoError(t, err)
	return text
}

// What is committed is what the generator makes: whoever changes it sees it.
func TestFixture011(t *testing.T) {
	store, err := json.MarshalIndent(state011(hosts011()), "", "  ")
	require.NoError(t, err)
	for name, want := range map[string]string{"store.json": string(store) + "\n", "daemons.conf": conf011, "applied.json": applied011("rok1")} {
		if clitest.Updating() {
			require.NoError(t, os.WriteFile(filepath.Join(fixtures011, name), []byte(want), 0o644))
		}
		require.Equal(t, want, string(fixture011(t, name)))
	}
}

// volumes011 makes the volumes of 0.11 in the current directory: three maps in their former states.
func volumes011(m *machine) {
	m.do("disk vm-1 6M", "write vm-1 0 4K 1", "write vm-1 3M 5K 2", "disk vm-2 6M", "write vm-2 0 4K 1", "write vm-2 4M 100 3", "disk db 1500K", "write db 1M 3K 4")
}

func maps011() []string { return []string{"db", "vm/vm-1", "vm/vm-2"} }

// The maps of 0.11 are those of its volumes. With -update, they are made anew: their times and the store's id
// are other ones each time.
func TestFixture011Maps(t *testing.T) {
	m := newMachine(t)
	volumes011(m)
	dir := filepath.Join(fixtures011, "maps")
	if clitest.Updating() {
		for _, name := range maps011() {
			m.must("rok-register", filepath.Base(name), name, "-q", "--map-version", "3", "--block-size", "1MiB")
		}
		require.NoError(t, os.RemoveAll(dir))
		for _, part := range []string{"blk+", "map+"} {
			require.NoError(t, os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join("state/store", part))))
		}
		text, err := os.ReadFile("state/store/store.json")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "store.json"), text, 0o644))
		require.NoError(t, os.RemoveAll("state"))
	}
	require.NoError(t, os.CopyFS("state/store", os.DirFS(dir)))
	var listed struct {
		Maps []mapView `json:"maps"`
	}
	require.NoError(t, json.Unmarshal([]byte(m.must("rok-composer-tool", "ls", "-o", "json")), &listed))
	require.Len(t, listed.Maps, len(maps011()))
	for i, name := range maps011() {
		require.Equal(t, name, listed.Maps[i].Name)
		require.Equal(t, 3, listed.Maps[i].Version)
		m.must("rok-present", name, filepath.Base(name), "--check")
	}
}

// state011 is what the store of a cluster of 0.11 has.
func state011(hosts []string) map[string]string {
	state := map[string]string{
		"/rok/schema":              "11",
		"/rok/rev":                 `{"v":1,"rev":4,"host":"` + hosts[0] + `","command":"apply","at":"2026-01-02T03:04:05Z"}`,
		"/rok/config/composerd":    `{"v":1,"values":{"composerd.block_size":"1MiB"}}`,
		"/rok/config/s3d":          `{"v":1,"values":{"s3d.0.no_versioning":"True"}}`,
		"/rok/publish":             `{"rev":4,"host":"` + hosts[0] + `","at":"2026-01-02T03:04:05Z"}`,
		"/rok/published/composerd": `{"v":1,"values":{"composerd.block_size":"1MiB"}}`,
		"/rok/published/s3d":       `{"v":1,"values":{"s3d.0.no_versioning":"True"}}`,
	}
	capable := map[string]string{}
	for _, h := range hosts {
		capable["cluster.members."+h+".master_capable"] = "True"
		state["/rok/members/"+h] = `{"v":1,"host":"` + h + `","version":"0.11.3","running":"0.11.3","min_schema":11,"max_schema":11}`
		state["/rok/applied/"+h] = `{"rev":4,"at":"2026-01-02T03:04:05Z"}`
	}
	text, err := json.Marshal(map[string]any{"v": 1, "values": capable})
	if err != nil {
		panic(err)
	}
	state["/rok/config/cluster"] = string(text)
	return state
}

func applied011(host string) string {
	return `{"v":1,"host":"` + host + `","schema":11,"rev":4,"at":"2026-01-02T03:04:05Z","values":{"composerd.block_size":"1MiB","s3d.0.no_versioning":"True"}}
`
}

// conf011 has comments, an order and keys that 0.12 does not know.
const conf011 = `# The appliance's own settings.
[composerd]
; smaller blocks share more
block_size = 1MiB
threads    = 4

[s3d.0]
no_versioning = true
`
