package compare

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

//go:embed report.css
var styleSheet string

// WriteHTML prints the report as one HTML page that needs nothing else: no
// script, and no other file. Its charts are SVG, and the report as JSON stands
// in it under the id "report". A report whose figures JSON cannot hold, such as
// an endless ratio, is an error, and nothing is written.
func (r *Report) WriteHTML(w io.Writer) error {
	// json.Marshal escapes <, > and &, so that no string can end the script.
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("compare: write HTML report: %w", err)
	}
	m := new(markup)
	m.raw("<!DOCTYPE html>\n")
	m.begin("html", "lang", "en")
	m.begin("head")
	m.empty("meta", "charset", "utf-8")
	m.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
	// Even if a string got through unescaped, the browser would fetch and run nothing.
	m.empty("meta", "http-equiv", "Content-Security-Policy", "content", "default-src 'none'; style-src 'unsafe-inline'; img-src data:")
	m.empty("link", "rel", "icon", "href", "data:,")
	m.element("title", "Thick beside thin: Linux "+r.Environment.Kernel)
	m.raw("<style>\n" + styleSheet + "</style>\n")
	m.end("head")
	m.begin("body")
	r.htmlHeader(m)
	m.begin("main")
	if len(r.Results) > 0 {
		r.htmlRatios(m)
		m.element("h2", "IOPS", "id", "iops")
		m.element("p", "Each chart has its own scale. Whiskers are 95 % confidence intervals.", "class", "note")
		r.htmlCharts(m, "iops", drawing.iopsChart)
		m.element("h2", "Latency", "id", "latency")
		m.element("p", "From the median to the slowest I/O in 10,000; both axes are logarithmic, and each chart has its own scale. "+
			"Where a cell is short the ends of its curves stand on few I/Os.", "class", "note")
		r.htmlLegend(m)
		r.htmlCharts(m, "latency", drawing.latencyChart)
		r.htmlResults(m)
	}
	if len(r.NoSpace) > 0 {
		r.htmlNoSpace(m)
	}
	m.end("main")
	m.raw(`<script type="application/json" id="report">` + string(data) + "</script>\n")
	m.end("body")
	m.end("html")
	return m.writeTo(w)
}

func (r *Report) htmlHeader(m *markup) {
	m.begin("header")
	m.element("h1", "Thick beside thin")
	m.element("p", r.summary(), "class", "summary")
	m.begin("dl")
	for _, l := range r.environmentLines() {
		if l[1] != "" {
			m.element("dt", l[0])
			m.element("dd", l[1])
		}
	}
	m.end("dl")
	m.end("header")
}

func (r *Report) htmlRatios(m *markup) {
	m.element("h2", "How many times as many IOPS thick gives", "id", "ratios")
	m.element("p", "Each point is the ratio of thick to one target, measured side by side, with its 95 % confidence interval. "+
		"Right of the line at 1 thick is faster; right of the line at 2 it gives more than double.", "class", "note")
	m.begin("div", "class", "charts wide")
	low, high := r.ratioRange()
	for i, b := range r.backings() {
		m.begin("figure")
		m.element("h3", b.label())
		drawing{m}.ratioChart(fmt.Sprintf("ratio-%d", i), b, r.panels(b.Backing), low, high)
		m.end("figure")
	}
	m.end("div")
}

// htmlCharts draws one chart for each load of each backing, those of a queue
// depth side by side.
func (r *Report) htmlCharts(m *markup, id string, chart func(drawing, string, panel)) {
	for i, b := range r.backings() {
		m.element("h3", b.label())
		m.begin("div", "class", "charts")
		panels := r.panels(b.Backing)
		slices.SortStableFunc(panels, func(a, b panel) int { return cmp.Compare(a.queueDepth, b.queueDepth) })
		for j, p := range panels {
			m.begin("figure")
			chart(drawing{m}, fmt.Sprintf("%s-%d-%d", id, i, j), p)
			m.end("figure")
		}
		m.end("div")
	}
}

// htmlLegend shows the colour and the dashes of each target that was measured.
func (r *Report) htmlLegend(m *markup) {
	m.begin("ul", "class", "legend")
	for _, t := range targets {
		if !slices.ContainsFunc(r.Results, func(c Cell) bool { return c.Target == t }) {
			continue
		}
		m.begin("li")
		m.begin("svg", "width", "34", "height", "12", "aria-hidden", "true")
		d := drawing{m}
		d.curve([]point{{0, 6}, {34, 6}}, "curve "+t.class())
		d.dot(17, 6, 4, "bar "+t.class())
		d.endDrawing()
		m.element("span", t.label())
		m.end("li")
	}
	m.end("ul")
}
