package main

import (
	"errors"
	"fmt"
	"io"
)

// bar is one thing that must hold.
type bar struct {
	text   string
	timed  bool     // it depends on how long things took, or wants as much as a run that is not quick has
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

// verdict is errBar where a bar does not hold that counts. After a quick run
// those that depend on time do not.
func verdict(bars []bar, quick bool) error {
	for i := range bars {
		if !bars[i].holds() && !(quick && bars[i].timed) {
			return errBar
		}
	}
	return nil
}

// printBars prints bars as a list.
func printBars(w io.Writer, bars []bar, quick bool) {
	fmt.Fprintln(w)
	for i := range bars {
		b := &bars[i]
		result := "PASS"
		switch {
		case quick && b.timed:
			result = "NOT JUDGED"
		case !b.holds():
			result = "FAIL"
		}
		fmt.Fprintf(w, "- **%s** %s (%d of %d)\n", result, b.text, b.cases-len(b.misses), b.cases)
		for _, miss := range b.misses {
			fmt.Fprintf(w, "  - %s\n", miss)
		}
	}
	fmt.Fprintln(w)
}
