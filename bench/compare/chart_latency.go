package compare

import (
	"fmt"
	"math"
	"strconv"
)

// latencyMarks are the percentiles that a latency chart names.
var latencyMarks = [...]float64{50, 90, 99, 99.9, 99.99}

// latencyChart draws a panel's latency curves from the median up. Its upright
// axis is logarithmic, and each nine of the level axis is as wide as the one
// before it: the tail is what matters.
func (d drawing) latencyChart(id string, p panel) {
	const top, bottom, left, height = 30.0, 236.0, 50.0, 276.0
	low, high := math.Inf(1), 0.0
	for _, c := range p.cells {
		for _, point := range c.tail() {
			low, high = min(low, float64(point.Latency)), max(high, float64(point.Latency))
		}
	}
	x := axis{low: nines(latencyMarks[0]), high: nines(latencyMarks[len(latencyMarks)-1]), from: left, to: chartWidth - 18}
	y := logAxis(low, high, bottom, top)
	d.beginDrawing(id, "Latency: "+p.title(),
		"Latency of each target by percentile, from the median to 99.99 %; the table below has the values.", chartWidth, height)
	d.label(0, 14, "start", "chart-title", p.title())
	for _, v := range y.ticks() {
		d.line(x.from, y.at(v), x.to, y.at(v), "grid")
		d.label(left-6, y.at(v)+4, "end", "tick", latencyTick(v))
	}
	for _, percent := range latencyMarks {
		d.line(x.at(nines(percent)), top, x.at(nines(percent)), bottom, "grid")
		d.label(x.at(nines(percent)), bottom+16, "middle", "tick", strconv.FormatFloat(percent, 'f', -1, 64))
	}
	d.label((x.from+x.to)/2, bottom+33, "middle", "tick", "percentile of latency")
	for _, c := range p.cells {
		var points []point
		for _, t := range c.tail() {
			points = append(points, point{x.at(nines(t.Percent)), y.at(float64(t.Latency))})
		}
		if len(points) == 0 {
			continue
		}
		d.marked(fmt.Sprintf("%s: p50 %s, p99 %s, p99.9 %s", c.Target.label(),
			formatLatency(c.Latency.P50), formatLatency(c.Latency.P99), formatLatency(c.Latency.P999)))
		d.curve(points, "curve "+c.Target.class())
		for i, t := range c.tail() {
			if marked(t.Percent) {
				d.dot(points[i].x, points[i].y, 2.5, "bar "+c.Target.class())
			}
		}
		d.endMarked()
	}
	d.line(x.from, bottom, x.to, bottom, "base")
	d.endDrawing()
}

// tail is the part of the cell's curve that a chart shows. A report without
// curves still has three points of it.
func (c Cell) tail() []Percentile {
	curve := c.Curve
	if len(curve) == 0 {
		curve = []Percentile{{50, c.Latency.P50}, {99, c.Latency.P99}, {99.9, c.Latency.P999}}
	}
	var tail []Percentile
	for _, p := range curve {
		if p.Percent >= latencyMarks[0] && p.Percent <= latencyMarks[len(latencyMarks)-1] && p.Latency > 0 {
			tail = append(tail, p)
		}
	}
	return tail
}

// nines is 1 at 90 %, 2 at 99 %, 3 at 99.9 %.
func nines(percent float64) float64 { return 2 - math.Log10(100-percent) }

func marked(percent float64) bool {
	for _, m := range latencyMarks {
		if m == percent {
			return true
		}
	}
	return false
}

// latencyTick prints a round latency without the zeros of [formatLatency].
func latencyTick(ns float64) string {
	for _, unit := range []string{"ns", "µs", "ms"} {
		if ns < 1000*(1-1e-9) {
			return fmt.Sprintf("%.3g%s", ns, unit)
		}
		ns /= 1000
	}
	return fmt.Sprintf("%.4gs", ns)
}
