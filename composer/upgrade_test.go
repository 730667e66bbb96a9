package composer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
)

func states(all []composer.Upgraded) string {
	var b strings.Builder
	for _, u := range all {
		fmt.Fprintf(&b, "%s:%s ", u.Name, u.State)
	}
	return strings.TrimSpace(b.String())
}

func TestUpgrade(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 20, 2)
	w.registerAs("v3", data, 3, 0)
	w.registerAs("flat", data, 4, 0)
	w.registerAs("tree", data, 4, 64)
	r := composer.UpgradeRequest{StateDir: w.state}

	r.DryRun = true
	all, err := composer.Upgrade(t.Context(), w.store, r)
	require.NoError(t, err)
	require.Equal(t, "flat:already tree:already v3:would", states(all))
	require.Equal(t, []string{"flat", "tree", "v3"}, w.names())

	r.DryRun = false
	all, err = composer.Upgrade(t.Context(), w.store, r)
	require.NoError(t, err)
	require.Equal(t, "flat:already tree:already v3:done", states(all))
	require.Equal(t, "v3~v3.bak", all[2].Backup)

	r.Degree = 16
	all, err = composer.Upgrade(t.Context(), w.store, r)
	require.NoError(t, err)
	require.Equal(t, "flat:done tree:already v3:done", states(all))
	require.Equal(t, []string{"flat", "tree", "v3", "v3~v3.bak"}, w.names(), "no backup of flat v4")
	for _, name := range w.names() {
		require.Equal(t, data, w.read(name))
	}
	var line map[string]any
	text, err := os.ReadFile(w.state + "/map-upgrade.jsonl")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Len(t, lines, 3)
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &line))
	require.Equal(t, "v3", line["map"])
}

func TestUpgradeOfNothing(t *testing.T) {
	w := newWorld(t)
	all, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{})
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestUpgradeGoesOnBehindAFailure(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		w.registerAs(name, noise(1, 3), 3, 0)
	}
	w.damage("map/a")
	// Another map under a backup's name, which must stay.
	w.registerAs("x", noise(7, 3), 3, 0)
	_, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Names: []string{"x"}})
	require.NoError(t, err)
	kept := w.bytesOf("x~v3.bak")
	w.registerAs("x", noise(8, 3), 3, 0)

	all, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Names: []string{"a", "b", "gone", "c~v3.bak", "x"}})
	require.Equal(t, "a:failed b:done c~v3.bak:failed gone:failed x:failed", states(all))
	require.ErrorIs(t, all[0].Err, maps.ErrCorrupt)
	require.ErrorIs(t, all[2].Err, composer.ErrReserved)
	require.ErrorIs(t, all[3].Err, maps.ErrMissing)
	var refused *composer.RefusedError
	require.ErrorAs(t, all[4].Err, &refused)
	require.Error(t, err)
	require.Equal(t, kept, w.bytesOf("x~v3.bak"))
	require.Equal(t, noise(8, 3), w.read("x"))
}

func TestUpgradeGate(t *testing.T) {
	w := newWorld(t)
	w.registerAs("a", noise(1, 3), 3, 0)
	w.registerAs("b", noise(1, 3), 3, 0)
	no := errors.New("node3 is at 0.11")
	asked := 0
	r := composer.UpgradeRequest{Gate: func(context.Context) error { asked++; return no }}
	all, err := composer.Upgrade(t.Context(), w.store, r)
	require.ErrorIs(t, err, no)
	require.Equal(t, "a:failed", states(all))
	require.Equal(t, []string{"a", "b"}, w.names())
	r.Gate = func(context.Context) error { asked++; return nil }
	_, err = composer.Upgrade(t.Context(), w.store, r)
	require.NoError(t, err)
	require.Equal(t, 2, asked)
	_, err = composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Gate: func(context.Context) error { return no }})
	require.NoError(t, err, "what is done needs no leave")
}

func TestUpgradeLeavesBlocksAlone(t *testing.T) {
	w := newWorld(t)
	w.registerAs("a", noise(1, 40), 3, 0)
	versions := func() map[string]string {
		all := map[string]string{}
		for info, err := range w.bucket.List(t.Context(), "blk/") {
			require.NoError(t, err)
			all[info.Key] = info.Version
		}
		return all
	}
	before := versions()
	_, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Degree: 16})
	require.NoError(t, err)
	require.Equal(t, before, versions())
}

func TestRestore(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 20)
	w.registerAs("a", data, 3, 0)
	before := w.bytesOf("a")
	w.registerAs("never", data, 4, 16)
	w.registerAs("changed", data, 3, 0)
	w.registerAs("removed", data, 3, 0)
	_, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Degree: 16})
	require.NoError(t, err)
	w.register("changed", noise(2, 20))
	require.NoError(t, w.store.Remove(t.Context(), "removed", ""))

	all, err := composer.Restore(t.Context(), w.store, composer.UpgradeRequest{DryRun: true})
	require.Error(t, err)
	require.Equal(t, "a:would changed:failed removed:failed", states(all))
	all, err = composer.Restore(t.Context(), w.store, composer.UpgradeRequest{})
	require.ErrorIs(t, err, composer.ErrTwin)
	require.Equal(t, "a:done changed:failed removed:failed", states(all))
	require.Equal(t, before, w.bytesOf("a"))
	require.Equal(t, noise(2, 20), w.read("changed"))

	all, err = composer.Restore(t.Context(), w.store, composer.UpgradeRequest{Names: []string{"removed", "a"}})
	require.NoError(t, err)
	require.Equal(t, "a:already removed:done", states(all))
	require.Equal(t, data, w.read("removed"))

	_, err = composer.Restore(t.Context(), w.store, composer.UpgradeRequest{Names: []string{"never"}})
	require.ErrorIs(t, err, maps.ErrMissing)
	// And up again.
	all, err = composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Names: []string{"a"}})
	require.NoError(t, err)
	require.Equal(t, "a:done", states(all))
}

func TestDeleteBackups(t *testing.T) {
	w := newWorld(t)
	data := noise(1, 20)
	for _, name := range []string{"same", "changed", "restored", "gone", "damaged"} {
		w.registerAs(name, data, 3, 0)
	}
	_, err := composer.Upgrade(t.Context(), w.store, composer.UpgradeRequest{Degree: 16})
	require.NoError(t, err)
	w.register("changed", noise(2, 20))
	_, err = composer.Restore(t.Context(), w.store, composer.UpgradeRequest{Names: []string{"restored"}})
	require.NoError(t, err)
	require.NoError(t, w.store.Remove(t.Context(), "gone", ""))
	w.damage("map/damaged")
	w.registerAs("other~v4", noise(4, 1), 3, 0) // no backup's name

	result, err := composer.Collect(t.Context(), w.store, composer.CollectRequest{Backups: true})
	require.ErrorIs(t, err, composer.ErrTwin)
	kept := map[string]composer.State{}
	for _, b := range result.Backups {
		kept[b.Name] = b.State
	}
	require.Equal(t, map[string]composer.State{
		"same~v3.bak": composer.Done, "changed~v3.bak": composer.Failed, "restored~v3.bak": composer.Failed,
		"gone~v3.bak": composer.Failed, "damaged~v3.bak": composer.Failed,
	}, kept)
	require.NotContains(t, w.names(), "same~v3.bak")
	require.Len(t, w.names(), 9)
}
