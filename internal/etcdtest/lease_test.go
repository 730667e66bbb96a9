package etcdtest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
)

// upgraded has all hosts at 0.12, with their agents running and capable but for those that are not.
func (h *hosts) upgraded(not ...string) {
	h.t.Helper()
	h.boot("rok1")
	h.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-cluster --isolate-master
rok-cluster-upgrade-v0.12.0 upgrade-node
rok-config set cluster.lease_ttl=3s`)
	for _, host := range []string{"rok2", "rok3"} {
		h.boot(host)
		h.must(host, `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	}
	for _, host := range not {
		h.must("rok1", `rok-config set cluster.members.`+host+`.master_capable=False`)
	}
	h.end("rok1") // leases last as long as when an agent began
	h.boot("rok1")
	if s := h.read(); s.Master.Host != "rok1" {
		h.must("rok1", `rok-cluster-ctl set-master rok1`)
	}
}

// When the master is lost without a word, a capable member follows, and never another; when there
// is none, nobody.
func TestMastersLeaseRunsOut(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.upgraded("rok2")
	masters := h.masters()
	h.kill("rok1")
	h.await("the next", func(s *cluster.State) bool { return s.Master.Host == "rok3" })
	h.kill("rok3")
	h.await("nobody", func(s *cluster.State) bool { return s.Master.Host == "" && len(s.Alive) == 1 })
	_, stderr, code := h.bash("rok2", `rok-cluster-ctl set-master rok2`)
	require.Equal(t, 3, code, stderr)
	_, stderr, code = h.bash("rok2", `rok-cluster-ctl set-master rok1`)
	require.Equal(t, 5, code, stderr)
	_, stderr, code = h.bash("rok2", `rok-config set gc.wait=7s && rok-config apply --wait --timeout 1s`)
	require.Equal(t, 5, code)
	require.Contains(t, stderr, "rok1, rok3")
	h.boot("rok1")
	h.await("the first again", func(s *cluster.State) bool { return s.Master.Host == "rok1" })
	require.Equal(t, []string{"rok3", "rok1"}, masters())
}
