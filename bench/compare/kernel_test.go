package compare

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/units"
)

// open opens device-mapper, and holds the test to leave nothing in it, in dir
// or among the loop devices.
func open(t *testing.T, dir string) *dm.Conn {
	t.Helper()
	testenv.Kernel(t, "thin-pool", "thin", "linear", "delay")
	conn, err := dm.Open(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	t.Cleanup(func() { requireNothingLeft(t, conn, dir) })
	return conn
}

func requireNothingLeft(t *testing.T, conn *dm.Conn, dir string) {
	t.Helper()
	left, err := conn.ListMatching(dm.Filter{Name: namePrefix})
	require.NoError(t, err)
	require.Empty(t, left)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
	files, err := filepath.Glob("/sys/block/loop*/loop/backing_file")
	require.NoError(t, err)
	for _, file := range files {
		backing, _ := os.ReadFile(file)
		require.NotContains(t, string(backing), dir)
	}
}

// shortPlan is a plan with short cells, of the groups that keep chooses.
func shortPlan(t *testing.T, cfg Config, keep func(group) bool, cases ...SpaceCase) *Plan {
	t.Helper()
	cfg.Size, cfg.CellTime = 8*units.MiB, 100*time.Millisecond
	p, err := NewPlan(cfg)
	require.NoError(t, err)
	groups := p.groups
	p.groups, p.cases = nil, nil
	used := map[Backing]bool{}
	for _, g := range groups {
		if keep(g) {
			p.groups = append(p.groups, g)
			used[g.backing] = true
		}
	}
	var backings []Backing
	for _, b := range p.backings {
		if used[b] {
			backings = append(backings, b)
		}
	}
	p.backings = backings
	for _, c := range spaceCases() {
		for _, name := range cases {
			if c.name == name {
				p.cases = append(p.cases, c)
			}
		}
	}
	return p
}

func noGroup(group) bool { return false }

func TestKernelMeasure(t *testing.T) {
	dir := t.TempDir()
	conn := open(t, dir)
	var steps []string
	plan := shortPlan(t, Config{Dir: dir, Virtual: true, Progress: func(p Progress) { steps = append(steps, p.Step) }}, func(g group) bool {
		return g.depth == 16 && (g.once && g.fsync == 0 || !g.once && g.backing == Memory && g.fsync == 4)
	})
	report, err := plan.Run(context.Background(), conn)
	require.NoError(t, err)
	require.NotEmpty(t, steps)

	var want []Cell
	for _, g := range plan.groups {
		for _, target := range g.targets {
			if !g.once || target != Thick {
				want = append(want, Cell{Backing: g.backing, Target: target, Workload: g.workload, QueueDepth: g.depth, FsyncEvery: g.fsync})
			}
		}
	}
	require.Len(t, report.Results, len(want))
	for i, c := range report.Results {
		require.Equal(t, want[i], Cell{Backing: c.Backing, Target: c.Target, Workload: c.Workload, QueueDepth: c.QueueDepth, FsyncEvery: c.FsyncEvery})
		require.Positive(t, c.IOPS, "%+v", c)
		require.Positive(t, c.Latency.P50)
		require.GreaterOrEqual(t, c.Samples, fewestRuns)
		require.LessOrEqual(t, c.ThickOverThisCI[0], c.ThickOverThis)
		require.GreaterOrEqual(t, c.ThickOverThisCI[1], c.ThickOverThis)
		if strings.HasPrefix(string(c.Target), "thin-") {
			require.Positive(t, c.ChunksTouched, "%+v", c)
			require.Equal(t, c.ChunksTouched, c.ChunksMapped)
		}
		// Copying a chunk costs I/Os that each take the latency: this is
		// counted, not timed.
		if c.Target == ThinAfterSnap && c.Backing == Latency {
			require.Greater(t, c.ThickOverThis, 1.5, "%+v", c)
		}
	}
	require.NotEmpty(t, report.Summary)
	require.Equal(t, "libaio", report.Environment.Engine)
	require.NotEmpty(t, report.Environment.Kernel)
}

// On a disk that is named, which is a loop device of the test's own here.
func TestKernelDevice(t *testing.T) {
	dir := t.TempDir()
	conn := open(t, dir)
	path := testenv.LoopDisk(t, 600*units.MiB)
	plan := shortPlan(t, Config{Dir: dir, Device: path}, func(g group) bool {
		return g.workload == RandRead && g.depth == 1
	}, ThinError, ThickFull)
	report, err := plan.Run(context.Background(), conn)
	require.NoError(t, err)
	require.Len(t, report.Results, 3)
	require.Equal(t, Device, report.Results[0].Backing)
	require.Equal(t, path, report.Environment.Backings[0].Description)
	require.False(t, report.Environment.Virtual)

	// Now something is on it.
	_, err = plan.Run(context.Background(), conn)
	var refused *RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "has data on it", refused.Reason)
	plan.cfg.Destroy = path
	plan.groups, plan.backings = nil, nil
	_, err = plan.Run(context.Background(), conn)
	require.NoError(t, err)

	small := testenv.LoopDisk(t, 64*units.MiB)
	plan.cfg.Device = small
	_, err = plan.Run(context.Background(), conn)
	require.ErrorContains(t, err, small+" has 64MiB")
}
