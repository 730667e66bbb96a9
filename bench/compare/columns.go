package compare

import (
	"strings"
	"unicode/utf8"
)

// columns lays out lines of cells for people.
type columns struct {
	// right tells which columns are aligned to the right, as numbers are. It
	// has as many entries as there are columns.
	right []bool
	lines []columnLine
}

// columnLine is a row of cells, or a line that goes across all columns.
type columnLine struct {
	cells  []string
	across string
}

func (c *columns) row(cells ...string) { c.lines = append(c.lines, columnLine{cells: cells}) }
func (c *columns) across(text string)  { c.lines = append(c.lines, columnLine{across: text}) }

// appendTo prints the lines to b, two blanks between columns and none at the
// end of a line.
func (c *columns) appendTo(b *strings.Builder) {
	width := make([]int, len(c.right))
	for _, l := range c.lines {
		for i, cell := range l.cells {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, l := range c.lines {
		var s strings.Builder
		s.WriteString(l.across)
		for i, cell := range l.cells {
			if i > 0 {
				s.WriteString("  ")
			}
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if c.right[i] {
				s.WriteString(pad + cell)
			} else {
				s.WriteString(cell + pad)
			}
		}
		b.WriteString(strings.TrimRight(s.String(), " ") + "\n")
	}
}

// wrap breaks text at blanks into lines of at most width runes; a longer word
// has a line of its own. The first line begins with first, the others with as
// many blanks.
func wrap(first, text string, width int) string {
	indent := strings.Repeat(" ", utf8.RuneCountInString(first))
	var b strings.Builder
	line := first
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			b.WriteString(line + "\n")
			line = indent + word
		default:
			line += " " + word
		}
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}
