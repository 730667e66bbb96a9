package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Program is a tree of commands and the streams that they use. Stdout is
// buffered until the command returns: see [Flush].
type Program struct {
	Root           *cobra.Command
	Rules          func() []Rule // codes of errors that the package does not know; called for an error alone. Nil: none
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Run runs the command that args name, prints its error, and returns the code
// to exit with. A program is run once.
func (p *Program) Run(ctx context.Context, args []string) Code {
	out := bufio.NewWriter(p.Stdout)
	root := p.Root
	root.SetIn(p.Stdin)
	root.SetOut(out)
	root.SetErr(p.Stderr)
	root.SetArgs(args)
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(flagError)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	running := false
	onRun(root, func() { running = true })

	c, err := root, checkDashes(args)
	if err == nil {
		c, err = root.ExecuteContextC(ctx)
	}
	if err != nil && !running {
		// What fails before a command runs is the command line: cobra has no
		// type for a required flag that is missing.
		err = &UsageError{Reason: err.Error()}
	}
	if flushErr := out.Flush(); flushErr != nil {
		err = errors.Join(err, fmt.Errorf("write the output: %w", flushErr))
	}
	p.report(c, err)
	if err == nil || p.Rules == nil {
		return CodeOf(err)
	}
	return CodeOf(err, p.Rules()...)
}

// onRun calls f before any command of the tree runs. From then on nobody shows its
// flags: cobra looks once more through all of them, and need not sort them for that.
func onRun(c *cobra.Command, f func()) {
	if run := c.RunE; run != nil {
		before := c.PreRun
		c.PreRun = func(c *cobra.Command, args []string) {
			c.Flags().SortFlags = false
			if before != nil {
				before(c, args)
			}
		}
		c.RunE = func(c *cobra.Command, args []string) error {
			f()
			return run(c, args)
		}
	}
	for _, sub := range c.Commands() {
		onRun(sub, f)
	}
}

// report prints err, a line for each of joined errors.
func (p *Program) report(c *cobra.Command, err error) {
	if err == nil {
		return
	}
	if usage, ok := errors.AsType[*UsageError](err); ok {
		fmt.Fprintf(p.Stderr, "%s: %s\n", c.CommandPath(), usage.Reason)
		fmt.Fprintf(p.Stderr, "%s -h shows how to use it\n", c.CommandPath())
		return
	}
	for l := range strings.Lines(err.Error()) {
		fmt.Fprintf(p.Stderr, "%s: %s\n", c.Root().Name(), strings.TrimSuffix(l, "\n"))
	}
}

// Flush writes out what c has printed so far, for commands that print as things
// happen.
func Flush(c *cobra.Command) error {
	if out, ok := c.OutOrStdout().(*bufio.Writer); ok {
		return out.Flush()
	}
	return nil
}
