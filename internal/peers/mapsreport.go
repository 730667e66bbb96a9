package main

import (
	"fmt"
	"io"
	"time"

	"github.com/rok-storage/rok/units"
)

// Bounds of the bars.
const (
	minOfRestic    = 3    // times restic's bytes per processor second, in full
	minOfBorg      = 1    // times borg's
	maxStored      = 1.05 // of borg's bytes
	maxOfBare      = 1.5  // times the bare loop's processor time
	minOfBestPeer  = 8    // times less than the best peer's, of what changed
	maxTreeUpgrade = 300 * time.Millisecond
	maxTreeChange  = 12 << 10  // bytes of nodes
	maxMapsPeak    = 150 << 20 // bytes resident
)

// mapsPeak is the memory of a command on a volume of some size.
type mapsPeak struct {
	name string
	peak float64
}

func printMaps(w io.Writer, size units.Bytes, outcomes []mapsOutcome, t mapsTree, peaks []mapsPeak) {
	var full, next, memory grid
	full.add(fmt.Sprintf("full, %s", size), "CPU, median", "MiB per CPU second", "wall", "stored", "peak memory")
	next.add("1 % changed, in 10 runs", "CPU, median", "rok's CPU times less", "wall", "added", "peak memory")
	rok := &outcomes[0]
	for i := range outcomes {
		o := &outcomes[i]
		if len(o.full.cpu) > 0 {
			full.add(o.name, nanoseconds(o.full.medianCPU()), fmt.Sprintf("%.0f", float64(size)/(1<<20)/(o.full.medianCPU()/1e9)),
				nanoseconds(o.full.medianWall()), mebibytes(float64(o.stored)), mebibytes(o.full.peakMemory()))
		}
		next.add(o.name, nanoseconds(o.next.medianCPU()), timesLess(o.next.cpu, rok.next.cpu).String(),
			nanoseconds(o.next.medianWall()), mebibytes(float64(o.added)), mebibytes(o.next.peakMemory()))
	}
	full.WriteTo(w)
	next.WriteTo(w)
	memory.add("peak memory", "")
	for _, p := range peaks {
		memory.add(p.name, mebibytes(p.peak))
	}
	memory.WriteTo(w)
	var tree grid
	tree.add(fmt.Sprintf("map of %s, degree 128", t.Size), "")
	tree.add("height", fmt.Sprint(t.Height))
	tree.add("nodes", fmt.Sprintf("%d, %s", t.Nodes, mebibytes(float64(t.NodeBytes))))
	tree.add("v3 to v4 and comparison, CPU", nanoseconds(float64(t.Upgrade)))
	tree.add("one changed block: new nodes", fmt.Sprintf("%d, %d bytes", t.ChangeNodes, t.Change))
	tree.add("diff of both: nodes read", fmt.Sprint(t.Diff))
	tree.WriteTo(w)
}

func mapsBars(outcomes []mapsOutcome, t mapsTree, peaks []mapsPeak) []bar {
	rok := &outcomes[0]
	restic := bar{timed: true, text: "full: at least 3 times restic's bytes per CPU second"}
	borg := bar{timed: true, text: "full: at least borg's bytes per CPU second"}
	stored := bar{timed: true, text: "full: bytes stored at most 1.05 of borg's"}
	bare := bar{timed: true, text: "incremental with known ranges: CPU at most 1.5 times a bare loop's"}
	best := bar{timed: true, text: "incremental: at least 8 times less CPU than the best peer"}
	for i := range outcomes[1:] {
		o := &outcomes[1+i]
		less := timesLess(o.next.cpu, rok.next.cpu)
		switch o.name {
		case "restic":
			full := timesLess(o.full.cpu, rok.full.cpu)
			restic.check(full.Estimate >= minOfRestic, "%s", full)
		case "borg":
			full := timesLess(o.full.cpu, rok.full.cpu)
			borg.check(full.Estimate >= minOfBorg, "%s", full)
			part := float64(rok.stored) / float64(o.stored)
			stored.check(part <= maxStored, "%.3f", part)
		case "bare loop":
			more := timesLess(rok.next.cpu, o.next.cpu)
			bare.check(more.Estimate <= maxOfBare, "%s", more)
			continue
		}
		best.check(less.Estimate >= minOfBestPeer, "%s: %s", o.name, less)
	}
	upgrade := bar{timed: true, text: "a map of 4 TiB: upgrade under 0.3 CPU seconds"}
	upgrade.check(t.Upgrade < maxTreeUpgrade, "%v", t.Upgrade)
	change := bar{text: "the same: one changed block, at most 12 KiB of new nodes"}
	change.check(t.Change <= maxTreeChange, "%d bytes", t.Change)
	diff := bar{text: "the same: a diff reads at most 2 × height × changed blocks"}
	diff.check(t.Diff <= 2*t.Height, "%d nodes, height %d", t.Diff, t.Height)
	memory := bar{timed: true, text: "peak memory under 150 MiB"}
	for _, p := range append([]mapsPeak{{"full", rok.full.peakMemory()}, {"incremental", rok.next.peakMemory()}}, peaks...) {
		memory.check(p.peak < maxMapsPeak, "%s: %s", p.name, mebibytes(p.peak))
	}
	return []bar{restic, borg, stored, bare, best, upgrade, change, diff, memory}
}
