package etcdtest_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
)

// Without a quorum each command that needs the store says so and exits with 5, what is local goes on, and so do the
// agents when there is one again.
func TestProgramWithoutQuorum(t *testing.T) {
	t.Parallel()
	h := newHosts(t)
	h.upgraded()
	before := h.read()
	leader := h.etcd.Leader()
	var all sync.WaitGroup
	all.Go(func() { h.etcd.Stop(leader) })
	all.Go(func() { h.etcd.Stop((leader + 1) % 3) })
	all.Wait()
	commands := []string{
		`rok-cluster-ctl member-list`, `rok-cluster-ctl status`, `rok-cluster-ctl set-master rok2`, `rok-cluster-ctl member-add rok4`,
		`rok-config get`, `rok-config diff`, `rok-config history`, `rok-config set gc.wait=9s`, `rok-config apply`,
		`rok-cluster-upgrade plan`, `rok-cluster-upgrade upgrade-cluster`, `rok-cluster-upgrade upgrade-node`, `rok-cluster-upgrade verify`,
	}
	results := make([]string, len(commands))
	for i, line := range commands {
		all.Go(func() {
			stdout, stderr, code := h.bash("rok2", line)
			results[i] = fmt.Sprintf("%d %s%s", code, stdout, stderr)
		})
	}
	h.register("rok3")
	h.must("rok3", `rok-composer-tool ls && rok-composer-tool verify && rok-cluster-gc`)
	h.presented("rok3")
	all.Wait()
	for i, line := range commands {
		require.Regexp(t, `(?s)^5 .*cluster store .* cannot be reached`, results[i], line)
	}
	h.etcd.Begin(leader)
	h.etcd.Begin((leader + 1) % 3)
	h.etcd.WaitReady()
	h.await("agents", func(s *cluster.State) bool { return len(s.Alive) == 3 && s.Master.Host != "" })
	s := h.read()
	require.Equal(t, before.Members, s.Members)
	require.LessOrEqual(t, s.Revision, before.Revision+2, "what had no answer was done once, or never")
	h.must("rok1", `rok-config set gc.wait=9s
rok-config apply --wait`)
}
