package main

import (
	"fmt"
	"io"
)

// Bounds of the bars.
const (
	minOneCPU    = 3   // times less than lvm2, with one LV
	minOneWall   = 10  // the same
	maxBeyond    = 0.1 // of lvm2's own part of the processor time, with one LV
	minLargeCPU  = 4   // times less, with 10,000 LVs
	maxThinTimes = 12  // times as much for ten times the thin LVs
	minManyTimes = 100 // times less, for a thousand LVs in one commit
)

func printLVM(w io.Writer, outcomes []lvmOutcome) {
	var cpu, wall grid
	cpu.add("CPU, median", "rok", "lvm2", "lvm2/rok", "empty cobra program", "/bin/true", "beyond: rok", "lvm2", "rok/lvm2")
	wall.add("wall, median", "rok", "lvm2", "lvm2/rok", "empty cobra program", "/bin/true")
	for i := range outcomes {
		o := &outcomes[i]
		rok, lvm2 := o.beyond()
		cpu.add(o.name(), nanoseconds(o.rok.medianCPU()), nanoseconds(o.lvm2.medianCPU()), timesLess(o.lvm2.cpu, o.rok.cpu).String(),
			nanoseconds(o.empty.medianCPU()), nanoseconds(o.nothing.medianCPU()),
			nanoseconds(rok), nanoseconds(lvm2), fmt.Sprintf("%.3f", rok/lvm2))
		wall.add(o.name(), nanoseconds(o.rok.medianWall()), nanoseconds(o.lvm2.medianWall()), timesLess(o.lvm2.wall, o.rok.wall).String(),
			nanoseconds(o.empty.medianWall()), nanoseconds(o.nothing.medianWall()))
	}
	cpu.WriteTo(w)
	wall.WriteTo(w)
}

func lvmBars(outcomes []lvmOutcome) []bar {
	oneCPU := bar{timed: true, text: "1 LV: CPU at least 3 times less than lvm2"}
	oneWall := bar{timed: true, text: "1 LV: wall time at least 10 times less than lvm2"}
	beyond := bar{timed: true, text: "1 LV: CPU beyond an empty cobra program at most a tenth of lvm2's beyond /bin/true"}
	large := bar{timed: true, text: "10,000 LVs: CPU at least 4 times less than lvm2"}
	thin := bar{timed: true, text: "10,000 thin LVs cost at most 12 times as much CPU as 1,000"}
	many := bar{timed: true, text: "1,000 LVs in one commit: at least 100 times less than 1,000 lvcreate"}
	for i := range outcomes {
		o := &outcomes[i]
		cpu, wall := timesLess(o.lvm2.cpu, o.rok.cpu), timesLess(o.lvm2.wall, o.rok.wall)
		switch {
		case o.what == lvmManyName:
			many.check(cpu.Estimate >= minManyTimes, "CPU: %s", cpu)
			many.check(wall.Estimate >= minManyTimes, "wall: %s", wall)
		case o.lvs == 1:
			oneCPU.check(cpu.Estimate >= minOneCPU, "%s: %s", o.name(), cpu)
			oneWall.check(wall.Estimate >= minOneWall, "%s: %s", o.name(), wall)
			rok, lvm2 := o.beyond()
			beyond.check(rok <= maxBeyond*lvm2, "%s: %s of %s, %.3f", o.name(), nanoseconds(rok), nanoseconds(lvm2), rok/lvm2)
		case o.lvs == 10000:
			large.check(cpu.Estimate >= minLargeCPU, "%s: %s", o.name(), cpu)
		}
		for j := range outcomes {
			less := &outcomes[j]
			if o.thin && less.thin && o.what == less.what && o.lvs == 10*less.lvs {
				times := o.rok.medianCPU() / less.rok.medianCPU()
				thin.check(times <= maxThinTimes, "%s: %.3g times", o.what, times)
			}
		}
	}
	return []bar{oneCPU, oneWall, beyond, large, thin, many}
}
