package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/units"
)

// clock is a time that the test moves.
type clock struct{ time.Time }

func (c *clock) now() time.Time         { return c.Time }
func (c *clock) pass(d time.Duration)   { c.Time = c.Add(d) }
func columns(n int) func() int          { return func() int { return n } }
func copied(done units.Bytes) Step      { return Step{Label: "copy", Done: done, Total: 4 * units.GiB} }
func newClock() *clock                  { return &clock{time.Unix(1e9, 0)} }
func lines(b *strings.Builder) []string { return strings.Split(b.String(), "\n") }

func TestProgressInALog(t *testing.T) {
	var b strings.Builder
	c := newClock()
	p := newProgress(&b, columns(0), c.now)
	for range 25 { // 25 s, a call each second
		c.pass(time.Second)
		p.Set(copied(units.GiB))
	}
	p.Println("note")
	p.End()
	require.Equal(t, []string{
		"copy  1GiB of 4GiB  25%  102MiB/s  30s left",
		"copy  1GiB of 4GiB  25%  51.2MiB/s  1m0s left",
		"note",
		"",
	}, lines(&b))
}

func TestProgressOnATerminal(t *testing.T) {
	var b strings.Builder
	c := newClock()
	p := newProgress(&b, columns(24), c.now)
	p.Set(Step{Label: "measure", Fraction: 0.25})
	c.pass(50 * time.Millisecond)
	p.Set(Step{Label: "too early"})
	c.pass(50 * time.Millisecond)
	p.Set(Step{Label: "measure", Fraction: 0.5, Left: 90 * time.Second})
	p.Println("note")
	p.Set(Step{Label: "ümlaut", Fraction: 2})
	p.End()
	p.End()
	require.Equal(t, "\rmeasure  25%\x1b[K"+
		"\rmeasure  50%  1m30s lef\x1b[K"+ // 23 columns
		"\r\x1b[Knote\n"+
		"\rümlaut  100%\x1b[K"+
		"\r\x1b[K", b.String())
}

func TestProgressQuiet(t *testing.T) {
	p := NewProgress(nil, true)
	p.Set(Step{Label: "x"})
	p.Println("x")
	p.End()
}

func TestStepWithoutTotal(t *testing.T) {
	require.Equal(t, "send  10MiB  5MiB/s", Step{Label: "send", Done: 10 * units.MiB}.line(2*time.Second))
	require.Equal(t, "wait", Step{Label: "wait"}.line(time.Hour))
	require.Equal(t, "all  1KiB of 1KiB  100%", Step{Label: "all", Done: units.KiB, Total: units.KiB}.line(0))
}

func TestTerminalWidthOfOtherFiles(t *testing.T) {
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	require.Zero(t, TerminalWidth(null))
	require.NoError(t, null.Close())
	require.Zero(t, TerminalWidth(null))
	require.Zero(t, TerminalWidth(new(strings.Builder)))
}
