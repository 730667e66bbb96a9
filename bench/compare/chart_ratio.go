package compare

import (
	"fmt"
	"slices"
)

// ratioChart draws thick over each target as points with their confidence
// intervals, on an axis that backings share, so that they can be compared.
// Lines stand at 1, where there is no difference, and at the claim.
func (d drawing) ratioChart(id string, b BackingReport, panels []panel, low, high float64) {
	const width, label, row, gap, top, valueWidth = 570.0, 134.0, 19.0, 6.0, 32.0, 122.0
	height := top
	for _, p := range panels {
		height += row*float64(len(p.compared())+1) + gap
	}
	bottom := height + 4
	x := axis{low: low * 0.96, high: high * 1.04, from: label + 10, to: width - valueWidth, log: true}
	d.beginDrawing(id, "Thick over this on "+string(b.Backing),
		"For each target the IOPS of thick divided by its own, with a 95 % confidence interval; the table below has the values.", width, bottom+44)
	for _, v := range x.ticks() {
		if v != 1 && v != claim {
			d.line(x.at(v), top-4, x.at(v), bottom, "grid")
		}
		d.label(x.at(v), bottom+16, "middle", "tick", formatTick(v))
	}
	for _, mark := range []struct {
		at     float64
		anchor string
		shift  float64
		text   string
	}{{1, "end", 3, "as fast"}, {claim, "start", -3, "double"}} {
		d.line(x.at(mark.at), top-12, x.at(mark.at), bottom, "reference")
		d.label(x.at(mark.at)+mark.shift, top-17, mark.anchor, "tick strong", mark.text)
	}
	d.label((x.from+x.to)/2, bottom+34, "middle", "tick", "times as many IOPS on thick (logarithmic)")
	d.label(width, top-17, "end", "tick", "ratio [95 %]")
	y := top
	for _, p := range panels {
		y += row + gap
		d.label(0, y-5, "start", "group", p.title())
		for _, c := range p.compared() {
			y += row
			middle := y - row/2
			text := formatRatio(c.ThickOverThis) + " " + formatInterval(c.ThickOverThisCI)
			d.marked(fmt.Sprintf("%s: thick over %s %s", p.title(), c.Target.label(), text))
			d.label(label, middle+4, "end", "name", c.Target.label())
			if i := c.ThickOverThisCI; measured(i[0]) && measured(i[1]) {
				d.whisker(x.at(i[0]), x.at(i[1]), middle, 3, "interval "+c.Target.class())
			}
			if measured(c.ThickOverThis) {
				d.dot(x.at(c.ThickOverThis), middle, 4, "bar "+c.Target.class())
			}
			d.label(width, middle+4, "end", "value", text)
			d.endMarked()
		}
	}
	d.line(x.from, bottom, x.to, bottom, "base")
	d.endDrawing()
}

// compared are the panel's cells but for thick, which is 1 by definition.
func (p panel) compared() []Cell {
	return slices.DeleteFunc(slices.Clone(p.cells), func(c Cell) bool { return c.Target == Thick })
}

// ratioRange is what an axis must hold to show all ratios with their
// intervals, and 1 and the claim.
func (r *Report) ratioRange() (low, high float64) {
	low, high = 0.9, claim*1.2
	for _, c := range r.Results {
		for _, v := range []float64{c.ThickOverThis, c.ThickOverThisCI[0], c.ThickOverThisCI[1]} {
			if measured(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	return low, high
}

func formatTick(v float64) string { return fmt.Sprintf("%.3g", v) }
