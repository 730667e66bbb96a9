package compare

import (
	"fmt"
	"strings"
)

// noSpaceTable prints first what the application saw in each case, side by
// side, and then each case's kernel status and recovery.
func (r *Report) noSpaceTable(b *strings.Builder) {
	c := columns{right: []bool{false, false, false, false, false, true, false, false, true}}
	c.row("", "open", "write", "fsync", "fsync again", "held", "recovered", "synced data", "lost")
	for _, n := range r.NoSpace {
		c.row(append([]string{"  " + printable(string(n.Case))}, n.columns()...)...)
	}
	c.appendTo(b)
	for _, n := range r.NoSpace {
		b.WriteString("\n" + printable(string(n.Case)) + n.Case.title() + "\n")
		// The kernel's line stays in one piece, for people who search for it.
		b.WriteString("  status    " + printable(n.KernelStatus) + "\n")
		for i, step := range n.Recovery {
			lead := "            "
			if i == 0 {
				lead = "  recovery  "
			}
			if len(n.Recovery) > 1 {
				lead += fmt.Sprintf("%d. ", i+1)
			}
			b.WriteString(wrap(lead, printable(step), tableWidth))
		}
	}
	b.WriteString("\n")
	for _, note := range noSpaceNotes {
		b.WriteString(wrap("  ", note, tableWidth))
	}
}

// noSpaceNotes explain the columns of noSpaceTable.
var noSpaceNotes = [...]string{
	"held: how long the write was held before it failed. synced data: what an fsync had acknowledged before the first error.",
	"lost: what a write had acknowledged, no fsync before the first error covered, and that read back as something else.",
}

// columns are what the application's calls returned, how long the write was
// held, and how it ended.
func (n NoSpace) columns() []string {
	recovered, data := "no", "damaged"
	if n.Recovered {
		recovered = "yes"
	}
	if n.DataIntact {
		data = "intact"
	}
	calls := n.Errno.columns()
	return append(calls[:], formatSeconds(n.Seconds), recovered, data, formatLost(n.LostBytes))
}

// columns are the results of open, write, fsync and the second fsync. What
// could not be called, because nothing was opened, is "-".
func (e Errnos) columns() [4]string {
	var text [4]string
	for i, errno := range []*string{e.Open, e.Write, e.Fsync, e.FsyncAgain} {
		switch {
		case errno != nil:
			text[i] = printable(*errno)
		case i > 0 && e.Open != nil:
			text[i] = unmeasured
		default:
			text[i] = "ok"
		}
	}
	return text
}

// title is how space ended, with a leading colon.
func (c SpaceCase) title() string {
	switch c {
	case ThinQueue:
		return ": the pool's data device is full, queue_if_no_space"
	case ThinError:
		return ": the pool's data device is full, error_if_no_space"
	case ThinMetadataQueue:
		return ": the pool's metadata device is full, queue_if_no_space"
	case ThinMetadataError:
		return ": the pool's metadata device is full, error_if_no_space"
	case ThickFull:
		return ": a volume larger than the free space is asked for"
	}
	return ""
}
