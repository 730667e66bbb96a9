package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// help prints what -h prints. It is written out, because a template would link
// text/template into every program.
func help(c *cobra.Command, _ []string) {
	w := bufio.NewWriter(c.OutOrStdout())
	defer w.Flush() // the writer below reports its error when the program ends

	fmt.Fprintf(w, "%s\n\nUsage: %s\n", cmp.Or(c.Long, c.Short), c.UseLine())
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\nCommands:\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" { // which cobra leaves out
				fmt.Fprintf(w, "  %-*s  %s\n", c.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	if c.HasAvailableLocalFlags() && !c.DisableFlagParsing {
		fmt.Fprintf(w, "\nFlags:\n%s", c.LocalFlags().FlagUsages())
	}
	if c.HasExample() {
		fmt.Fprintf(w, "\nExample:\n%s\n", c.Example)
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n%s COMMAND -h shows more of a command.\n", c.CommandPath())
	}
}

// Examples returns the command lines in c's example: the lines that begin with
// the program's name, without what follows a "#". Tests run them.
func Examples(c *cobra.Command) []string {
	var lines []string
	for l := range strings.Lines(c.Example) {
		l, _, _ = strings.Cut(strings.TrimSpace(l), " #")
		if strings.HasPrefix(l, c.Root().Name()+" ") {
			lines = append(lines, strings.TrimSpace(l))
		}
	}
	return lines
}
