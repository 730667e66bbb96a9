package etcdtest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
)

// guide is the command blocks of docs/upgrade-0.12.md below each heading.
func guide(t *testing.T) map[string][]string {
	text, err := os.ReadFile("../../docs/upgrade-0.12.md")
	require.NoError(t, err)
	blocks := map[string][]string{}
	heading, inside := "", false
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			heading = strings.TrimSpace(title)
		}
		command, ok := strings.CutPrefix(line, "    ")
		if ok && !inside {
			blocks[heading] = append(blocks[heading], "")
		}
		if inside = ok; ok {
			blocks[heading][len(blocks[heading])-1] += command
		}
	}
	return blocks
}

// Our own guide, from 0.11 to its end, on three nodes over three members of etcd.
func TestUpgradeGuide(t *testing.T) {
	t.Parallel()
	blocks := guide(t)
	require.Len(t, blocks["The master"], 2)
	require.Len(t, blocks["The other nodes"], 2)
	require.Len(t, blocks["Maps"], 1)
	require.Len(t, blocks, 3, "blocks that this test does not run")

	h := newHosts(t)
	h.register("rok2")
	for _, host := range h.names() {
		h.bootOld(host)
	}
	plan := h.must("rok1", blocks["The master"][0])
	i := strings.Index(plan, "rok-config set ")
	require.Positive(t, i, plan)
	command, _, _ := strings.Cut(plan[i:], "\n")
	before := h.read().Revision
	h.must("rok1", command)
	require.Equal(t, before+1, h.read().Revision, "one transaction")
	h.boot("rok1")
	h.await("master", func(s *cluster.State) bool { return s.Master.Host == "rok1" })
	h.must("rok1", blocks["The master"][1])

	h.boot("rok2")
	h.must("rok2", blocks["The other nodes"][0])
	h.boot("rok3")
	last := h.must("rok3", blocks["The other nodes"][0])
	i = strings.Index(last, "rok-config set ")
	require.Positive(t, i, last)
	h.must("rok3", last[i:])
	h.must("rok3", blocks["The other nodes"][1])
	for _, host := range h.names() {
		old, err := os.ReadFile(h.path(host, "daemons.conf.v0.11"))
		require.NoError(t, err)
		require.Contains(t, string(old), "block_size = 1MiB")
		now, err := os.ReadFile(h.path(host, "daemons.conf"))
		require.NoError(t, err)
		require.Contains(t, string(now), "endpoints = "+strings.Join(h.etcd.Endpoints(), ","))
	}
	h.must("rok2", blocks["Maps"][0])
	require.Empty(t, h.read().NotCapable())
	h.presented("rok2")
}
