package metadata

import "fmt"

// deltaTable prints lines for people. They are not kept, so their columns have a
// width of their own.
type deltaTable struct{ verbose bool }

func (t deltaTable) begin(b []byte, _ *Delta) []byte {
	b = fmt.Appendf(b, "%-10s  %12s  %12s", "KIND", "VIRTUAL", "LENGTH")
	if t.verbose {
		b = fmt.Appendf(b, "  %12s  %12s", "LEFT", "RIGHT")
	}
	return append(b, '\n')
}

func (t deltaTable) change(b []byte, c Change) []byte {
	b = fmt.Appendf(b, "%-10s  %12d  %12d", c.Kind, c.Virtual, c.Length)
	if t.verbose {
		left, right := fmt.Sprint(c.Left), fmt.Sprint(c.Right)
		switch c.Kind {
		case LeftOnly:
			right = "-"
		case RightOnly:
			left = "-"
		}
		b = fmt.Appendf(b, "  %12s  %12s", left, right)
	}
	return append(b, '\n')
}

func (deltaTable) end(b []byte) []byte { return b }
