package main

import (
	"io"

	"github.com/rok-storage/rok/bench/stat"
)

// Bounds of the bars.
const (
	maxOverLVM2       = 1   // of what vgchange takes
	maxOverBareIoctls = 1.1 // of what the requests to the kernel take
	minCreate         = 10  // times less than lvcreate
)

func (r *activationResult) print(w io.Writer) {
	if r.many {
		var g grid
		heading := append([]string{"wall, median"}, r.names...)
		g.add(append(heading, "vgchange/rok", "package lvm/bare", "package lvm/bare with links")...)
		for _, m := range []struct {
			what string
			ns   [][]float64
		}{{activateMany, r.up}, {deactivateMany, r.down}} {
			line := []string{activationName(m.what)}
			for _, ns := range m.ns {
				line = append(line, nanoseconds(stat.Median(ns)))
			}
			g.add(append(line, timesLess(m.ns[upLVM2], m.ns[upRok]).String(), timesLess(m.ns[upLibrary], m.ns[upBare]).String(),
				timesLess(m.ns[upLibrary], m.ns[upBareLinks]).String())...)
		}
		g.WriteTo(w)
	}
	if r.created {
		var g grid
		g.add("median", "package lvm", "rok", "lvcreate", "lvcreate/package lvm", "lvcreate/rok")
		g.add(activationName(createActive)+", wall", nanoseconds(stat.Median(r.library)), nanoseconds(r.rok.medianWall()), nanoseconds(r.lvm2.medianWall()),
			r.libraryLess().String(), timesLess(r.lvm2.wall, r.rok.wall).String())
		g.add(activationName(createActive)+", CPU", "", nanoseconds(r.rok.medianCPU()), nanoseconds(r.lvm2.medianCPU()), "", timesLess(r.lvm2.cpu, r.rok.cpu).String())
		g.WriteTo(w)
	}
}

func (r *activationResult) bars() (bars []bar) {
	if r.many {
		slower := bar{timed: true, text: "1,000 LVs activated and deactivated: no slower than vgchange"}
		bare := bar{timed: true, text: "1,000 LVs activated by package lvm: within 1.1 of the bare create, load and resume, which make no nodes and links"}
		linked := bar{timed: true, text: "1,000 LVs activated and deactivated by package lvm: within 1.1 of the bare ioctls with the same nodes and links"}
		for _, m := range []struct {
			what string
			ns   [][]float64
		}{{activateMany, r.up}, {deactivateMany, r.down}} {
			over := timesLess(m.ns[upRok], m.ns[upLVM2])
			slower.check(over.Estimate <= maxOverLVM2, "%s: %s", m.what, over)
			if m.what == activateMany { // to remove nodes and links takes as long as to remove devices
				over = timesLess(m.ns[upLibrary], m.ns[upBare])
				bare.check(over.Estimate <= maxOverBareIoctls, "%s: %s", m.what, over)
			}
			over = timesLess(m.ns[upLibrary], m.ns[upBareLinks])
			linked.check(over.Estimate <= maxOverBareIoctls, "%s: %s", m.what, over)
		}
		bars = append(bars, slower, bare, linked)
	}
	if r.created {
		create := bar{timed: true, text: "one LV created and active beside 1,000 by package lvm: at least 10 times faster than lvcreate"}
		less := r.libraryLess()
		create.check(less.Estimate >= minCreate, "%s", less)
		program := bar{timed: true, text: "the same by the program rok"}
		less = timesLess(r.lvm2.wall, r.rok.wall)
		program.check(less.Estimate >= minCreate, "%s", less)
		bars = append(bars, create, program)
	}
	return bars
}

// libraryLess is how many times less package lvm took for one volume than lvcreate.
// It had two turns for each of lvcreate's.
func (r *activationResult) libraryLess() stat.Interval {
	return timesLess(r.lvm2.wall, r.library[len(r.library)-len(r.lvm2.wall):])
}
