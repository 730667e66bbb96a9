package compare

// numeric is the class of columns aligned to the right.
const numeric = "n"

func (r *Report) htmlResults(m *markup) {
	m.element("h2", "Results", "id", "results")
	for _, note := range resultNotes {
		m.element("p", note, "class", "note")
	}
	for _, b := range r.backings() {
		m.begin("div", "class", "scroll")
		m.begin("table")
		m.element("caption", b.heading())
		m.begin("thead")
		m.begin("tr")
		m.element("th", "target", "scope", "col")
		for i, heading := range []string{"IOPS", "±", "thick/this", "~", "[95 %]", "p50", "p99", "p99.9"} {
			m.element("th", heading, "scope", "col", "class", resultClass(i))
		}
		m.end("tr")
		m.end("thead")
		for _, p := range r.panels(b.Backing) {
			m.begin("tbody")
			m.begin("tr", "class", "load")
			m.element("th", p.title(), "colspan", "9", "scope", "rowgroup")
			m.end("tr")
			for _, c := range p.cells {
				m.begin("tr")
				m.element("th", c.Target.label(), "scope", "row")
				for i, text := range c.columns() {
					m.element("td", text, "class", resultClass(i))
				}
				m.end("tr")
			}
			m.end("tbody")
		}
		m.end("table")
		m.end("div")
	}
}

// resultClass aligns the columns of [Cell.columns]: all are numbers but for
// the mark and the interval.
func resultClass(i int) string {
	if i == 3 || i == 4 {
		return "w"
	}
	return numeric
}

func (r *Report) htmlNoSpace(m *markup) {
	m.element("h2", "When space ends", "id", "no-space")
	for _, note := range noSpaceNotes {
		m.element("p", note, "class", "note")
	}
	m.begin("div", "class", "scroll")
	m.begin("table")
	m.element("caption", "What the application saw")
	m.begin("thead")
	m.begin("tr")
	for _, heading := range []string{"case", "open", "write", "fsync", "fsync again", "held", "recovered", "synced data", "lost"} {
		m.element("th", heading, "scope", "col")
	}
	m.end("tr")
	m.end("thead")
	m.begin("tbody")
	for _, n := range r.NoSpace {
		classes := n.classes()
		m.begin("tr")
		m.element("th", string(n.Case), "scope", "row")
		for i, text := range n.columns() {
			m.element("td", text, "class", classes[i])
		}
		m.end("tr")
	}
	m.end("tbody")
	m.end("table")
	m.end("div")
	m.element("h3", "What the kernel reported, and what it takes to recover")
	for _, n := range r.NoSpace {
		m.begin("section", "class", "case")
		m.element("h4", string(n.Case)+n.Case.title())
		m.element("pre", n.KernelStatus, "class", "status")
		m.begin("ol")
		for _, step := range n.Recovery {
			m.element("li", step)
		}
		m.end("ol")
		m.end("section")
	}
}

// classes mark what is bad about a case, and what is good, for each of
// [NoSpace.columns]. An error from a call is neither: it is the honest answer.
func (n NoSpace) classes() [8]string {
	verdict := map[bool]string{true: "good", false: "bad"}
	return [8]string{5: verdict[n.Recovered], 6: verdict[n.DataIntact], 7: verdict[n.LostBytes == 0]}
}
