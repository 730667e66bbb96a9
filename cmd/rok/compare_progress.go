package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/bench/compare"
	"github.com/rok-storage/rok/internal/cli"
)

// compareProgress shows how far a comparison is, or relays it to the rok
// outside of the virtual machine, which shows it.
type compareProgress struct {
	mu     sync.Mutex
	shown  *cli.Progress // nil: quiet
	relay  io.Writer     // JSON lines; nil: show
	stderr io.Writer
}

func (f *compareFlags) progress(c *cobra.Command) *compareProgress {
	if f.relay {
		return &compareProgress{relay: c.ErrOrStderr()}
	}
	return &compareProgress{shown: cli.NewProgress(c.ErrOrStderr(), *f.quiet), stderr: c.ErrOrStderr()}
}

func (p *compareProgress) plan(lines []string) {
	for i, line := range lines {
		if i > 0 {
			line = "  " + line
		}
		p.shown.Println(line)
	}
}

// relayed is a line of progress on its way out of the virtual machine.
type relayed struct {
	Progress *compare.Progress `json:"rok_compare_progress"`
}

func (p *compareProgress) set(step compare.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.relay != nil {
		_ = cli.JSONLine(p.relay, relayed{&step})
		return
	}
	fraction := 0.0
	if step.Total > 0 {
		fraction = float64(step.Done) / float64(step.Total)
	}
	p.shown.Set(cli.Step{Label: step.Step, Fraction: fraction, Left: step.Left()})
}

// line takes a line of the virtual machine's standard error: progress is
// shown, anything else is passed on.
func (p *compareProgress) line(text string) {
	var r relayed
	if err := json.Unmarshal([]byte(text), &r); err == nil && r.Progress != nil {
		p.set(*r.Progress)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown == nil { // what is no progress is told to the quiet too
		fmt.Fprintln(p.stderr, text)
		return
	}
	p.shown.Println(text)
}

func (p *compareProgress) end() { p.shown.End() }
