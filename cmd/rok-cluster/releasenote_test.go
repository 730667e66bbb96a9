package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli"
)

// oneLiner is the release note's, as it is printed there.
const oneLiner = `for i in $(rok-config get | grep master_capable | grep -v $(hostname)| grep -v "^host"); do rok-config set $(echo $i | sed 's/True/False/'); done`

// The release note's command blocks, as they are typed, on one node.
func TestReleaseNoteOnOneNode(t *testing.T) {
	s := newShell(t)
	s.node011("rok1")
	require.Contains(t, s.must("rok1", `rok-cluster-ctl member-list`), "rok1")
	require.Equal(t, "cluster.members.rok1.master_capable=True\n", s.must("rok1", `rok-config get | grep master_capable`))
	require.Empty(t, s.must("rok1", oneLiner))
	s.old["rok1"] = false
	s.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-cluster`)
	s.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	upgradeMaps(s, "rok1")
	require.Equal(t, "composer.map_version=4\n", s.must("rok1", `rok-config get composer.map_version`))
}

func TestReleaseNoteOnThreeNodes(t *testing.T) {
	s := newShell(t)
	store := s.cluster011("rok1", "rok2", "rok3")
	before := s.must("rok1", `rok-config get`)
	s.must("rok1", oneLiner)
	after := s.must("rok1", `rok-config get`)
	require.Equal(t, strings.NewReplacer("rok2.master_capable=True", "rok2.master_capable=False", "rok3.master_capable=True", "rok3.master_capable=False").Replace(before), after)
	now, err := store.Get(t.Context(), "/rok/rev")
	require.NoError(t, err)
	require.Contains(t, string(now.Value), `"rev":6,`, "two changes after revision 4")

	s.old["rok1"] = false
	s.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-cluster`)
	s.must("rok1", `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	for _, h := range []string{"rok2", "rok3"} {
		s.old[h] = false
		s.must(h, `rok-cluster-upgrade-v0.12.0 upgrade-node`)
	}
	s.must("rok1", `rok-cluster-upgrade-v0.12.0 verify`)
	upgradeMaps(s, "rok1")
}

// Where the line misses a member, or finds the master too, upgrade-cluster names who is in the way, and no
// member is lost.
func TestOneLinerWithOtherNames(t *testing.T) {
	tests := []struct {
		master string
		others []string
		missed []string // of the others
	}{
		{"node1", []string{"node10", "node2"}, []string{"node10"}},
		{"node10", []string{"node1", "node2"}, nil},
		{"a", []string{"b", "c"}, []string{"b", "c"}},
		{"rok1.example.com", []string{"rok2.example.com", "rok3.example.com"}, nil},
		{"rok", []string{"rok.b", "c"}, []string{"rok.b"}},
		{"capable", []string{"b", "c"}, []string{"b", "c"}},
	}
	for _, tt := range tests {
		t.Run(tt.master, func(t *testing.T) {
			s := newShell(t)
			s.cluster011(append([]string{tt.master}, tt.others...)...)
			s.bash(tt.master, oneLiner)
			members := s.must(tt.master, `rok-config get cluster.members.`)
			for _, h := range append([]string{tt.master}, tt.others...) {
				capable := h == tt.master || slices.Contains(tt.missed, h)
				require.Contains(t, members, "cluster.members."+h+".master_capable="+map[bool]string{true: "True", false: "False"}[capable])
			}
			s.old[tt.master] = false
			_, stderr, code := s.bash(tt.master, `rok-cluster-upgrade-v0.12.0 upgrade-cluster`)
			if tt.missed == nil {
				require.Zero(t, code, stderr)
				return
			}
			require.Equal(t, int(cli.Refused), code)
			require.Contains(t, stderr, strings.Join(tt.missed, ", "))
			command := stderr[strings.Index(stderr, "run first: ")+len("run first: ") : strings.Index(stderr, " (or give")]
			s.must(tt.master, command)
			s.must(tt.master, `rok-cluster-upgrade-v0.12.0 upgrade-cluster`)
		})
	}
}

// What get prints, set takes.
func TestGetRoundTripThroughShell(t *testing.T) {
	s := newShell(t)
	s.must("rok1", `rok-config set 's3d.2.store=a b=c "ü" $HOME \n' gc.wait=90s`)
	before := s.must("rok1", `rok-config get`)
	require.Equal(t, "revision 3\n", s.must("rok1", `rok-config get | while IFS= read -r line; do case $line in *=) ;; *) printf '%s\0' "$line";; esac; done > "$ROK_STATE_DIR/lines"
mapfile -d '' -t lines < "$ROK_STATE_DIR/lines"
rok-config set "${lines[@]}"`))
	require.Equal(t, before, s.must("rok1", `rok-config get`))
}
