package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rok-storage/rok/units"
)

// How often progress is printed: on a terminal so that it looks alive, in a
// log so that it can be read.
const (
	terminalEvery = 100 * time.Millisecond
	logEvery      = 10 * time.Second
)

// Step is how far long work has come.
type Step struct {
	// Label says what is being done.
	Label string
	// Done and Total are bytes, for work that has them; a zero Total is
	// unknown.
	Done, Total units.Bytes
	// Fraction, from 0 to 1, is the part that is done, of work that is not
	// counted in bytes. Zero: Done/Total.
	Fraction float64
	// Left is the time that the work still takes. Zero: estimated from the
	// fraction and the time that went by.
	Left time.Duration
}

// Progress shows steps: on a terminal in one line that changes, elsewhere as a
// line every 10 seconds. It has no goroutine: the caller calls Set as often as
// it likes. Its methods may be called by several goroutines at once. The nil
// pointer shows nothing.
type Progress struct {
	mu      sync.Mutex
	w       io.Writer
	width   func() int
	now     func() time.Time
	start   time.Time
	shown   time.Time
	visible bool // a line is on the terminal that must be cleared
}

// NewProgress returns a Progress on w, or nil where quiet is set.
func NewProgress(w io.Writer, quiet bool) *Progress {
	if quiet {
		return nil
	}
	return newProgress(w, func() int { return TerminalWidth(w) }, time.Now)
}

func newProgress(w io.Writer, width func() int, now func() time.Time) *Progress {
	start := now()
	p := &Progress{w: w, width: width, now: now, start: start}
	if width() == 0 {
		p.shown = start // work of a few seconds prints nothing
	}
	return p
}

// Set says how far the work has come. Most calls print nothing.
func (p *Progress) Set(s Step) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now, width := p.now(), p.width()
	every := logEvery
	if width > 0 {
		every = terminalEvery
	}
	if !p.shown.IsZero() && now.Sub(p.shown) < every {
		return
	}
	p.shown = now
	line := s.line(now.Sub(p.start))
	if width == 0 {
		fmt.Fprintln(p.w, line)
		return
	}
	// The last column stays free: some terminals wrap when it is written.
	fmt.Fprint(p.w, "\r", cut(line, width-1), clearToEnd)
	p.visible = true
}

// Println prints a line that stays, above the progress.
func (p *Progress) Println(line string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.w, line)
	if p.width() > 0 {
		p.shown = time.Time{}
	}
}

// End takes the line off the terminal. The work is done, or has failed.
func (p *Progress) End() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// clearToEnd is "erase in line", which every terminal of today knows.
const clearToEnd = "\x1b[K"

func (p *Progress) clear() {
	if p.visible {
		fmt.Fprint(p.w, "\r"+clearToEnd)
		p.visible = false
	}
}

// line prints, for example, "copy  1.5GiB of 4GiB  37%  210MiB/s  12s left".
func (s Step) line(since time.Duration) string {
	parts := []string{s.Label}
	fraction := s.Fraction
	switch {
	case s.Total > 0:
		parts = append(parts, s.Done.Human()+" of "+s.Total.Human())
		if fraction == 0 {
			fraction = float64(s.Done) / float64(s.Total)
		}
	case s.Done > 0:
		parts = append(parts, s.Done.Human())
	}
	fraction = min(max(fraction, 0), 1)
	if fraction > 0 {
		parts = append(parts, fmt.Sprintf("%d%%", int(fraction*100)))
	}
	if s.Done > 0 && since >= time.Second {
		parts = append(parts, units.Bytes(float64(s.Done)/since.Seconds()).Human()+"/s")
	}
	left := s.Left
	if left == 0 && fraction > 0 && fraction < 1 && since >= time.Second {
		left = time.Duration(float64(since) * (1 - fraction) / fraction)
	}
	if left > 0 {
		parts = append(parts, max(left.Round(time.Second), time.Second).String()+" left")
	}
	return strings.Join(parts, "  ")
}

func cut(s string, width int) string {
	for width > 0 && utf8.RuneCountInString(s) > width {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
