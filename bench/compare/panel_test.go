package compare

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPanels(t *testing.T) {
	r := &Report{Results: []Cell{
		{Backing: Memory, Target: ThinAfterSnap, Workload: RandWrite, QueueDepth: 16, FsyncEvery: 4},
		{Backing: Memory, Target: Thin, Workload: RandWrite, QueueDepth: 16},
		{Backing: Latency, Target: Thin, Workload: RandWrite, QueueDepth: 16},
		{Backing: Memory, Target: Raw, Workload: RandWrite, QueueDepth: 16, FsyncEvery: 4},
		{Backing: Memory, Target: Thin, Workload: RandWrite, QueueDepth: 1},
		{Backing: Memory, Target: Thin, Workload: RandRead, QueueDepth: 16},
	}}
	var titles []string
	panels := r.panels(Memory)
	for _, p := range panels {
		titles = append(titles, p.title())
	}
	require.Equal(t, []string{
		"reads, queue depth 16", "writes, queue depth 1", "writes, queue depth 16", "writes, fsync every 4, queue depth 16",
	}, titles)
	require.Equal(t, []Cell{r.Results[3], r.Results[0]}, panels[3].cells, "in the order of targets")
}

func TestBackings(t *testing.T) {
	r := &Report{
		Environment: Environment{Backings: []BackingReport{{Backing: Latency, Description: "slow"}, {Backing: Device}}},
		Results:     []Cell{{Backing: Memory}, {Backing: Latency}, {Backing: Memory}},
	}
	require.Equal(t, []BackingReport{{Backing: Latency, Description: "slow"}, {Backing: Memory}}, r.backings())
}
