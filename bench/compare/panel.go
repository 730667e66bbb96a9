package compare

import (
	"cmp"
	"fmt"
	"slices"
)

// panel is the cells of one backing under one load: the ones to hold against
// each other, and a chart of the report.
type panel struct {
	backing    Backing
	workload   Workload
	queueDepth int
	fsyncEvery int
	cells      []Cell // in the order of targets
}

// targets is the order in which targets are shown.
var targets = [...]Target{Raw, Thick, Thin, ThinFirstWrite, ThinFirstZeroed, ThinAfterSnap}

// panels groups the results: reads before writes, without fsync before with,
// and by queue depth.
func (r *Report) panels(b Backing) []panel {
	var all []panel
	for _, c := range r.Results {
		if c.Backing != b {
			continue
		}
		i := slices.IndexFunc(all, func(p panel) bool { return p.holds(c) })
		if i < 0 {
			i = len(all)
			all = append(all, panel{c.Backing, c.Workload, c.QueueDepth, c.FsyncEvery, nil})
		}
		all[i].cells = append(all[i].cells, c)
	}
	for _, p := range all {
		slices.SortStableFunc(p.cells, func(a, b Cell) int {
			return cmp.Compare(slices.Index(targets[:], a.Target), slices.Index(targets[:], b.Target))
		})
	}
	slices.SortStableFunc(all, func(a, b panel) int {
		return cmp.Or(
			cmp.Compare(a.workload, b.workload),
			cmp.Compare(a.fsyncEvery, b.fsyncEvery),
			cmp.Compare(a.queueDepth, b.queueDepth))
	})
	return all
}

func (p panel) holds(c Cell) bool {
	return p.workload == c.Workload && p.queueDepth == c.QueueDepth && p.fsyncEvery == c.FsyncEvery
}

// title is "writes, fsync every 4, queue depth 16".
func (p panel) title() string {
	t := "writes"
	switch {
	case p.workload == RandRead:
		t = "reads"
	case p.fsyncEvery > 0:
		t += fmt.Sprintf(", fsync every %d", p.fsyncEvery)
	}
	return fmt.Sprintf("%s, queue depth %d", t, p.queueDepth)
}

// backings are those with results, first the ones that the environment names,
// in its order.
func (r *Report) backings() []BackingReport {
	var all []BackingReport
	known := func(b Backing) bool {
		return slices.ContainsFunc(all, func(a BackingReport) bool { return a.Backing == b })
	}
	for _, b := range r.Environment.Backings {
		if !known(b.Backing) && slices.ContainsFunc(r.Results, func(c Cell) bool { return c.Backing == b.Backing }) {
			all = append(all, b)
		}
	}
	for _, c := range r.Results {
		if !known(c.Backing) {
			all = append(all, BackingReport{Backing: c.Backing})
		}
	}
	return all
}

// describe is what the backing stands on and the latency added to it.
func (b BackingReport) describe() string {
	d := printable(b.Description)
	if b.Latency > 0 {
		if d != "" {
			d += ", "
		}
		d += b.Latency.String() + " added to each I/O"
	}
	return d
}

// label names a target in tables and charts.
func (t Target) label() string {
	switch t {
	case ThinFirstWrite:
		return "first write"
	case ThinFirstZeroed:
		return "first write, zeroing"
	case ThinAfterSnap:
		return "after snapshot"
	}
	return printable(string(t))
}
