package cli

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Table is a table for people: columns aligned, two blanks between them.
type Table struct {
	// Columns are the headings. A heading that begins with ">" is printed
	// without it, and its column is aligned to the right, as numbers are. No
	// headings: none are printed.
	Columns []string
	rows    [][]string
}

// Add adds a row. Cells are printed as [Printable] makes them.
func (t *Table) Add(cells ...string) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = Printable(c)
	}
	t.rows = append(t.rows, row)
}

// WriteTo prints the table. An empty one prints its headings.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	rows := t.rows
	right := make([]bool, len(t.Columns))
	if len(t.Columns) > 0 {
		head := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			head[i], right[i] = strings.CutPrefix(c, ">")
		}
		rows = append([][]string{head}, rows...)
	}
	var width []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				line.WriteString("  ")
			}
			if i < len(right) && right[i] {
				line.WriteString(pad + cell)
			} else {
				line.WriteString(cell + pad)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// Printable returns s with what would disturb a terminal or a line escaped, as
// Go does, and an empty string as "-".
func Printable(s string) string {
	if s == "" {
		return "-"
	}
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return s
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}
