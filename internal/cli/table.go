package cli

import (
	"bytes"
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
	room := 1 // for a line of ASCII
	for _, w := range width {
		room += w + 2
	}
	b := make([]byte, 0, room*len(rows))
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				b = append(b, "  "...)
			}
			pad := width[i] - utf8.RuneCountInString(cell)
			if i < len(right) && right[i] {
				b = append(appendBlanks(b, pad), cell...)
			} else {
				b = appendBlanks(append(b, cell...), pad)
			}
		}
		b = append(bytes.TrimRight(b, " "), '\n')
	}
	n, err := w.Write(b)
	return int64(n), err
}

func appendBlanks(b []byte, n int) []byte {
	for range n {
		b = append(b, ' ')
	}
	return b
}

// Printable returns s with what would disturb a terminal or a line escaped, as
// Go does, and an empty string as "-".
func Printable(s string) string {
	if s == "" {
		return "-"
	}
	if plain(s) || utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return s
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}

// plain reports whether s is printable ASCII, as nearly all cells are.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
