package compare

import "fmt"

// The charts of a load stand three in a row of a page 1180 pixels wide.
const (
	chartWidth = 376.0
	labelWidth = 122.0 // for the longest target, at 12 pixels
	rowHeight  = 24.0
)

// iopsChart draws a panel's IOPS as bars from 0, with their confidence
// intervals, and prints each value after its bar.
func (d drawing) iopsChart(id string, p panel) {
	high := 0.0
	for _, c := range p.cells {
		if measured(c.IOPS) {
			high = max(high, c.IOPS)
		}
		if measured(c.IOPSCI[1]) {
			high = max(high, c.IOPSCI[1])
		}
	}
	const top = 26.0
	bottom := top + rowHeight*float64(len(p.cells))
	x := linearAxis(high, labelWidth+8, chartWidth-62)
	d.beginDrawing(id, "IOPS: "+p.title(),
		"Bars of the IOPS of each target with 95 % confidence intervals; the table below has the values.", chartWidth, bottom+26)
	d.label(0, 14, "start", "chart-title", p.title())
	for _, v := range x.ticks() {
		d.line(x.at(v), top-2, x.at(v), bottom, "grid")
		d.label(x.at(v), bottom+16, "middle", "tick", shortCount(v))
	}
	d.label(chartWidth, bottom+16, "end", "tick", "IOPS")
	for i, c := range p.cells {
		y := top + rowHeight*(float64(i)+0.5)
		d.marked(fmt.Sprintf("%s: %s IOPS %s", c.Target.label(), formatIOPS(c.IOPS), formatSpread(c.IOPS, c.IOPSCI)))
		d.label(labelWidth, y+4, "end", "name", c.Target.label())
		after := x.from
		if measured(c.IOPS) {
			d.bar(x.from, y-7, x.at(c.IOPS)-x.from, 14, "bar "+c.Target.class())
			after = x.at(c.IOPS)
		}
		if measured(c.IOPSCI[0]) && measured(c.IOPSCI[1]) {
			d.whisker(x.at(c.IOPSCI[0]), x.at(c.IOPSCI[1]), y, 4, "whisker")
			after = max(after, x.at(c.IOPSCI[1]))
		}
		d.label(after+6, y+4, "start", "value", formatIOPS(c.IOPS))
		d.endMarked()
	}
	d.line(x.from, top-2, x.from, bottom, "base")
	d.endDrawing()
}

// shortCount prints a tick: "0", "500", "50k", "1.5M".
func shortCount(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%gk", v/1e3)
	}
	return fmt.Sprintf("%g", v)
}

// class is the style sheet's name for the colour and the dashes of a target.
func (t Target) class() string {
	switch t {
	case Raw, Thick, Thin, ThinFirstWrite, ThinFirstZeroed, ThinAfterSnap:
		return "t-" + string(t)
	}
	return "t-other"
}
