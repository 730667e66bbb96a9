package compare

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/units"
)

func TestPlan(t *testing.T) {
	p, err := NewPlan(Config{Dir: "/tmp", Virtual: true})
	require.NoError(t, err)
	require.LessOrEqual(t, p.Time(), 5*time.Minute)

	// Every cell that the report promises is planned once.
	type cell struct {
		Backing
		Target
		Workload
		depth, fsync int
	}
	seen := map[cell]int{}
	for _, g := range p.groups {
		require.Contains(t, g.targets, Thick)
		if g.once {
			require.GreaterOrEqual(t, g.replicates, fewestRuns)
			require.Positive(t, g.chunks)
		}
		for _, target := range g.targets {
			if !g.once || target != Thick {
				seen[cell{g.backing, target, g.workload, g.depth, g.fsync}]++
			}
		}
	}
	for _, b := range []Backing{Memory, Latency} {
		for _, depth := range []int{1, 16} {
			for _, target := range []Target{Raw, Thick, Thin} {
				require.Equal(t, 1, seen[cell{b, target, RandRead, depth, 0}])
			}
			for _, fsync := range []int{0, 4} {
				for _, target := range []Target{Raw, Thick, Thin, ThinFirstWrite, ThinFirstZeroed, ThinAfterSnap} {
					require.Equal(t, 1, seen[cell{b, target, RandWrite, depth, fsync}])
				}
			}
		}
	}
	require.Len(t, seen, 2*(2*3+4*6))

	native, err := NewPlan(Config{Dir: "/tmp"})
	require.NoError(t, err)
	require.LessOrEqual(t, native.Time(), 5*time.Minute)
	require.Equal(t, []Backing{Device}, native.backings)
	require.Equal(t, ThinQueue, native.cases[0].name)
	require.Greater(t, native.cases[0].time, kernelPatience, "a host's kernel holds writes back for a minute")
	require.Greater(t, p.cases[0].time, virtualPatience)
	require.True(t, slices.ContainsFunc(native.Lines(), func(l string) bool { return l == "device: what it comes to on this disk" }))
}

func TestPlanRefuses(t *testing.T) {
	for want, cfg := range map[string]Config{
		"no directory":      {},
		"at least 8MiB":     {Dir: "/tmp", Size: units.MiB},
		"a multiple of":     {Dir: "/tmp", Size: 8*units.MiB + 4096},
		"-1s for each cell": {Dir: "/tmp", CellTime: -time.Second},
	} {
		_, err := NewPlan(cfg)
		require.ErrorContains(t, err, want)
	}
}

func TestProgressLeft(t *testing.T) {
	// What took twice the planned time so far will go on so.
	p := Progress{Done: 10 * time.Second, Total: 30 * time.Second, Elapsed: 20 * time.Second}
	require.Equal(t, 40*time.Second, p.Left())
	require.Equal(t, 29*time.Second, Progress{Done: time.Second, Total: 30 * time.Second, Elapsed: 20 * time.Second}.Left())
}
