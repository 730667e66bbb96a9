package main

import (
	"fmt"
	"io"
)

// Bounds of the bars.
const (
	minThinLess   = 1.5  // times less than thin-provisioning-tools, in CPU and wall time
	maxThinMemory = 0.5  // of theirs
	minDeltaLess  = 20   // times less than thin_delta, after runs of changes
	maxDeltaAll   = 0.05 // of the blocks of both trees, the same
	maxDeltaRead  = 1.05 // of the blocks that differ, after changes at random
)

func printThin(w io.Writer, outcomes []thinOutcome, deltas []thinDelta) {
	var times, blocks grid
	times.add("median", "CPU: rok", "tool", "tool/rok", "wall: rok", "tool", "tool/rok", "peak memory: rok", "tool", "rok/tool")
	row := func(name string, rok, tool *spent) {
		times.add(name, nanoseconds(rok.medianCPU()), nanoseconds(tool.medianCPU()), timesLess(tool.cpu, rok.cpu).String(),
			nanoseconds(rok.medianWall()), nanoseconds(tool.medianWall()), timesLess(tool.wall, rok.wall).String(),
			mebibytes(rok.peakMemory()), mebibytes(tool.peakMemory()), fmt.Sprintf("%.3f", rok.peakMemory()/tool.peakMemory()))
	}
	for i := range outcomes {
		row(outcomes[i].name(), &outcomes[i].rok, &outcomes[i].tool)
	}
	blocks.add("metadata blocks", "changes", "read", "of both trees", "read/both", "that differ", "read/differ")
	for i := range deltas {
		d := &deltas[i]
		row(d.what, &d.rok, &d.tool)
		blocks.add(d.what, fmt.Sprint(d.changes), fmt.Sprint(d.read), fmt.Sprint(d.all), fmt.Sprintf("%.4f", d.ofAll()),
			fmt.Sprint(d.differ), fmt.Sprintf("%.4f", d.ofDiffering()))
	}
	times.WriteTo(w)
	if len(deltas) > 0 {
		blocks.WriteTo(w)
	}
}

func mebibytes(n float64) string { return fmt.Sprintf("%.1f MiB", n/(1<<20)) }

func (d *thinDelta) ofAll() float64       { return float64(d.read) / float64(d.all) }
func (d *thinDelta) ofDiffering() float64 { return float64(d.read) / float64(d.differ) }

func thinBars(outcomes []thinOutcome, deltas []thinDelta) []bar {
	cpu := bar{timed: true, text: "dump, check, ls, restore: CPU at least 1.5 times less than thin-provisioning-tools"}
	wall := bar{timed: true, text: "the same: wall time at least 1.5 times less"}
	memory := bar{timed: true, text: "dump, check, ls, restore, delta: peak memory at most half of the tool's"}
	faster := bar{timed: true, text: "delta after 10 runs of 100 changes: CPU and wall time at least 20 times less than thin_delta"}
	few := bar{timed: true, text: "the same: it reads less than 5 % of the blocks of both trees"}
	needed := bar{timed: true, text: "delta after 1,000 changes at random: it reads at most 1.05 times the blocks that differ"}
	lean := func(name string, rok, tool *spent) {
		part := rok.peakMemory() / tool.peakMemory()
		memory.check(part <= maxThinMemory, "%s: %s of %s, %.3f", name, mebibytes(rok.peakMemory()), mebibytes(tool.peakMemory()), part)
	}
	for i := range outcomes {
		o := &outcomes[i]
		if o.what == thinWrite {
			continue // it is there to be seen: the command as it is used reads back
		}
		less := timesLess(o.tool.cpu, o.rok.cpu)
		cpu.check(less.Estimate >= minThinLess, "%s: %s", o.name(), less)
		less = timesLess(o.tool.wall, o.rok.wall)
		wall.check(less.Estimate >= minThinLess, "%s: %s", o.name(), less)
		lean(o.name(), &o.rok, &o.tool)
	}
	for i := range deltas {
		d := &deltas[i]
		lean(d.what, &d.rok, &d.tool)
		switch d.what {
		case deltaRuns:
			less := timesLess(d.tool.cpu, d.rok.cpu)
			faster.check(less.Estimate >= minDeltaLess, "CPU: %s", less)
			less = timesLess(d.tool.wall, d.rok.wall)
			faster.check(less.Estimate >= minDeltaLess, "wall: %s", less)
			few.check(d.ofAll() < maxDeltaAll, "%d of %d", d.read, d.all)
		case deltaRandom:
			needed.check(d.ofDiffering() <= maxDeltaRead, "%d where %d differ, %.4f", d.read, d.differ, d.ofDiffering())
		}
	}
	return []bar{cpu, wall, memory, faster, few, needed}
}
