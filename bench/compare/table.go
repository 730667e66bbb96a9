package compare

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// tableWidth is what the lines of a table keep to, in characters.
const tableWidth = 100

// WriteTable prints the report for people: the environment, the results by
// backing and load, what happened when space ended, and the summary. It is
// plain UTF-8 text at most 100 columns wide, but for the kernel's status lines
// and longer words; what would act on a terminal is escaped.
func (r *Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	r.environmentTable(&b)
	for _, backing := range r.backings() {
		b.WriteString("\n" + wrap("", backing.heading(), tableWidth))
		r.resultTable(&b, backing.Backing)
	}
	if len(r.Results) > 0 {
		b.WriteString("\n")
		for _, note := range resultNotes {
			b.WriteString(wrap("  ", note, tableWidth))
		}
	}
	if len(r.NoSpace) > 0 {
		b.WriteString("\nWhen space ends\n")
		r.noSpaceTable(&b)
	}
	b.WriteString("\n" + wrap("", r.summary(), tableWidth))
	_, err := io.WriteString(w, b.String())
	return err
}

// resultNotes explain the columns of the results.
var resultNotes = [...]string{
	"Blocks of 4 KiB at random. ± and [ ] are 95 % confidence intervals; ~: the interval holds 1, so no difference was found. " +
		"p50, p99, p99.9: latency at those percentiles.",
	"thick/this: how many times as many IOPS the thick volume gave in the same minutes under the same pattern; " +
		"for first writes and after a snapshot that is one write to each chunk, not the rows of thick above.",
}

// summary is the report's own, or, if it has none yet, what [Summarize] says.
func (r *Report) summary() string {
	if r.Summary != "" {
		return r.Summary
	}
	return Summarize(r)
}

func (b BackingReport) heading() string {
	if d := b.describe(); d != "" {
		return printable(string(b.Backing)) + ": " + d
	}
	return printable(string(b.Backing))
}

// label is the backing in a chart's heading, whose place is small: what it
// stands on is among the lines of the environment.
func (b BackingReport) label() string {
	if b.Latency > 0 {
		return printable(string(b.Backing)) + ": " + b.Latency.String() + " added to each I/O"
	}
	return printable(string(b.Backing))
}

// environmentLines are what was measured on, as pairs of a name and a value.
func (r *Report) environmentLines() [][2]string {
	e := &r.Environment
	machine := "this host"
	if e.Virtual {
		machine = "rok's virtual machine"
	}
	machine += ", Linux " + printable(e.Kernel) + ", " + plural(e.CPUs, "CPU")
	engine := printable(e.Engine)
	if e.Batched {
		engine += ", deep queues filled and emptied in batches"
	}
	lines := [][2]string{
		{"machine", machine},
		{"device-mapper", printable(e.DeviceMapper)},
		{"engine", engine},
		{"volumes", fmt.Sprintf("%v each, thin pool with chunks of %v", e.VolumeSize, e.ChunkSize)},
	}
	for _, b := range e.Backings {
		lines = append(lines, [2]string{"backing", b.heading()})
	}
	if !e.Started.IsZero() {
		lines = append(lines, [2]string{"started", fmt.Sprintf("%s, took %v",
			e.Started.Format("2006-01-02 15:04:05 MST"), e.Elapsed.Round(time.Second))})
	}
	return lines
}

func (r *Report) environmentTable(b *strings.Builder) {
	b.WriteString("Thick beside thin\n")
	for _, l := range r.environmentLines() {
		if l[1] != "" {
			b.WriteString(wrap(fmt.Sprintf("  %-13s  ", l[0]), l[1], tableWidth))
		}
	}
}

func (r *Report) resultTable(b *strings.Builder, backing Backing) {
	c := columns{right: []bool{false, true, true, true, false, false, true, true, true}}
	c.row("", "IOPS", "", "thick/this", "", "", "p50", "p99", "p99.9")
	for _, p := range r.panels(backing) {
		c.across(p.title())
		for _, cell := range p.cells {
			c.row(append([]string{"  " + cell.Target.label()}, cell.columns()...)...)
		}
	}
	c.appendTo(b)
}

// columns are the cell's figures: IOPS, its interval, the ratio, its mark and
// its interval, and three latencies.
func (c Cell) columns() []string {
	ratio, mark, interval := formatRatio(c.ThickOverThis), "", formatInterval(c.ThickOverThisCI)
	if c.same() {
		mark = "~"
	}
	if c.Target == Thick {
		ratio, interval = "1", ""
	}
	return []string{
		formatIOPS(c.IOPS), formatSpread(c.IOPS, c.IOPSCI), ratio, mark, interval,
		formatLatency(c.Latency.P50), formatLatency(c.Latency.P99), formatLatency(c.Latency.P999),
	}
}
