package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// clusterDocuments are the commands about the cluster that print JSON, in an order in which each finds something to say.
func clusterDocuments() [][2]string {
	return [][2]string{
		{"cluster-upgrade plan", "rok-cluster-upgrade plan"},
		{"cluster-upgrade upgrade-cluster", "rok-cluster-upgrade upgrade-cluster"},
		{"cluster-upgrade upgrade-node", "rok-cluster-upgrade upgrade-node"},
		{"cluster-upgrade rollback", "rok-cluster-upgrade rollback"},
		{"cluster-upgrade verify", ""}, // of the upgrade made again
		{"config set", "rok-config set retention.keep_last=3"},
		{"config diff", "rok-config diff"},
		{"config get", "rok-config get"},
		{"config unset", "rok-config unset retention.keep_last"},
		{"config apply", "rok-config apply"},
		{"config history", "rok-config history"},
		{"config rollback", "rok-config rollback 1"},
		{"cluster-ctl member-add", "rok-cluster-ctl member-add rok2"},
		{"cluster-ctl member-list", "rok-cluster-ctl member-list"},
		{"cluster-ctl member-remove", "rok-cluster-ctl member-remove rok2"},
		{"cluster-ctl status", "rok-cluster-ctl status"},
		{"cluster-ctl set-master", ""}, // where an agent runs
	}
}

// docs/json.md has the keys of each document about the cluster, and no others.
func TestJSONKeysOfClusterAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/json.md")
	require.NoError(t, err)
	w := newClusterWorld(t)
	w.old("rok1")
	for _, command := range clusterDocuments() {
		name, line := command[0], command[1]
		switch name {
		case "cluster-upgrade plan":
			delete(w.code, "rok1") // the new boot disk
		case "cluster-upgrade verify":
			w.must("rok-cluster-upgrade upgrade-cluster")
			w.must("rok-cluster-upgrade upgrade-node")
			line = "rok-cluster-upgrade verify"
		case "config rollback":
			line = "rok-config rollback " + lastRevision(w)
		case "cluster-ctl set-master":
			w.agent("rok-cluster-ctl", "agent", "-q")
			line = "rok-cluster-ctl set-master rok1"
		}
		var v any
		jsonOf(w, line, &v)
		printed := keysOf("", v)
		slices.Sort(printed)
		heading := regexp.MustCompile("(?m)^## .*`rok " + regexp.QuoteMeta(name) + "`.*\n").FindIndex(text)
		require.NotNil(t, heading, "docs/json.md has no %s", name)
		section := text[heading[1]:]
		if next := regexp.MustCompile("(?m)^## ").FindIndex(section); next != nil {
			section = section[:next[0]]
		}
		var documented []string
		for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllSubmatch(section, -1) {
			documented = append(documented, string(m[1]))
		}
		slices.Sort(documented)
		require.Equal(t, documented, slices.Compact(printed), name)
	}
}

// lastRevision is the newest that history lists.
func lastRevision(w *clusterWorld) string {
	var v struct {
		Revisions []struct {
			Revision json.Number `json:"revision"`
		} `json:"revisions"`
	}
	jsonOf(w, "rok-config history", &v)
	return v.Revisions[0].Revision.String()
}

// README.md has an example of every command that there is.
func TestREADMEHasEachCommand(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	for _, c := range commands() {
		if !slices.Contains([]string{"version", "completion", "help"}, c.name) {
			require.Regexp(t, "(?m)^    bin/rok-"+regexp.QuoteMeta(c.name)+`\b`, string(text))
		}
	}
}
