package main

import (
	"errors"
	"fmt"
	"io"
)

// bar is one thing that must hold.
type bar struct {
	text   string
	misses []string // where it does not hold, with the figure
	cases  int      // where it was looked at
}

// check counts a case of b, and a miss where it does not hold.
func (b *bar) check(holds bool, format string, args ...any) {
	b.cases++
	if !holds {
		b.misses = append(b.misses, fmt.Sprintf(format, args...))
	}
}

// holds reports whether b held everywhere. A bar that was looked at nowhere
// does not hold: nothing was shown.
func (b *bar) holds() bool { return b.cases > 0 && len(b.misses) == 0 }

// errBar says that a bar does not hold. The report has said which.
var errBar = errors.New("a bar does not hold")

func verdict(bars []bar) error {
	for i := range bars {
		if !bars[i].holds() {
			return errBar
		}
	}
	return nil
}

// printBars prints bars as a list.
func printBars(w io.Writer, bars []bar) {
	fmt.Fprintln(w)
	for i := range bars {
		b := &bars[i]
		result := "PASS"
		if !b.holds() {
			result = "FAIL"
		}
		fmt.Fprintf(w, "- **%s** %s (%d of %d)\n", result, b.text, b.cases-len(b.misses), b.cases)
		for _, miss := range b.misses {
			fmt.Fprintf(w, "  - %s\n", miss)
		}
	}
	fmt.Fprintln(w)
}
