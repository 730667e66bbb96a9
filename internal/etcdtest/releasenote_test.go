package etcdtest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
)

// oneLiner is the release note's, as it is printed there.
const oneLiner = `for i in $(rok-config get | grep master_capable | grep -v $(hostname)| grep -v "^host"); do rok-config set $(echo $i | sed 's/True/False/'); done`

// register keeps two volumes as maps, of version 3, on a host.
func (h *hosts) register(host string) {
	h.t.Helper()
	h.must(host, `head -c 5000000 /dev/urandom > a.img
truncate -s 20M b.img
head -c 100000 /dev/urandom | dd of=b.img bs=1M seek=7 conv=notrunc status=none
rok-register -q a.img vm/a b.img vm/b`)
}

// presented compares the maps with the volumes.
func (h *hosts) presented(host string) {
	h.t.Helper()
	h.must(host, `for i in a b; do rok-present -q vm/$i $i.out && cmp $i.img $i.out || exit 1; done`)
}

// The release note's command blocks, as they are typed, on three nodes with agents over three members of etcd.
func TestReleaseNote(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.register("rok1")
	for _, host := range h.names() {
		h.bootOld(host)
	}
	masters := h.masters()

	require.Regexp(t, `(?m)^rok1 +0\.11\.3 +0\.11\.3 +11-11 +yes `, h.must("rok2", `rok-cluster-ctl member-list`))
	require.Equal(t, `cluster.members.rok1.master_capable=True
cluster.members.rok2.master_capable=True
cluster.members.rok3.master_capable=True
`, h.must("rok1", `rok-config get | grep master_capable`))
	before, values := h.read(), h.must("rok1", `rok-config get`)
	h.must("rok1", oneLiner)
	after := h.read()
	require.Equal(t, before.Revision+2, after.Revision, "two changes")
	require.Equal(t, before.Master, after.Master)
	require.Equal(t, strings.NewReplacer("rok2.master_capable=True", "rok2.master_capable=False", "rok3.master_capable=True", "rok3.master_capable=False").Replace(values), h.must("rok1", `rok-config get`))

	h.end("rok1")
	require.Empty(t, h.read().Master.Host, "the others may not")
	h.boot("rok1")
	h.await("master", func(s *cluster.State) bool { return s.Master.Host == "rok1" })
	h.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-cluster`)
	h.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	var last string
	for _, host := range []string{"rok2", "rok3"} {
		h.boot(host)
		last = h.must(host, `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	}
	require.Equal(t, []string{"rok1"}, masters(), "the note's own order has one master all the time")

	lines := strings.Split(strings.TrimSpace(last), "\n")
	restore := lines[len(lines)-1]
	require.Equal(t, "rok-config set cluster.members.rok2.master_capable=True cluster.members.rok3.master_capable=True", restore)
	h.must("rok3", restore)
	require.Contains(t, h.must("rok2", `rok-cluster-upgrade-v0.12.0 verify`), "is complete")

	h.must("rok1", `rok-config set composer.map_version=4
rok-config apply`)
	for _, host := range h.names() {
		a, err := cluster.ReadApplied(h.path(host, "state"))
		require.NoError(t, err)
		require.Equal(t, "4", a.Values["composer.map_version"], host)
		require.Equal(t, "1MiB", a.Values["composer.block_size"], host)
	}
	h.must("rok1", `rok-composer-tool map-upgrade --all`)
	require.Contains(t, h.must("rok1", `rok-composer-tool ls`), "vm/a~v3.bak")
	h.must("rok1", `rok-composer-tool verify`)
	h.must("rok1", `rok-cluster-gc --delete-backups`)
	require.NotContains(t, h.must("rok1", `rok-composer-tool ls`), ".bak")
	h.presented("rok1")

	var view struct {
		Members []struct {
			Host, Version, Running string
			Capable                bool  `json:"master_capable"`
			Lease                  bool  `json:"lease"`
			Applied                int64 `json:"applied_revision"`
		}
		Published int64 `json:"published_revision"`
	}
	require.NoError(t, json.Unmarshal([]byte(h.must("rok3", `rok-cluster-ctl member-list -o json`)), &view))
	require.Len(t, view.Members, 3)
	for _, m := range view.Members {
		require.Equal(t, "0.12.0", m.Version)
		require.Equal(t, "0.12.0", m.Running)
		require.True(t, m.Capable && m.Lease)
		require.Equal(t, view.Published, m.Applied)
	}
}
