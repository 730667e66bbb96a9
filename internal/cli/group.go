package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// Group makes a command that is only there for its sub-commands. It has no
// flags; alone, or with a name that is not one of its sub-commands, it is a
// usage error.
func Group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use:                   use + " COMMAND",
		Short:                 short,
		DisableFlagsInUseLine: true,
		// Flags belong to the sub-commands. Parsing them here would complain
		// about a flag where the command's name is what is wrong.
		DisableFlagParsing: true,
		Args:               cobra.ArbitraryArgs,
		RunE:               runGroup,
	}
	g.AddCommand(commands...)
	return g
}

func runGroup(g *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return Usagef("a command is missing: %s", strings.Join(names(g), ", "))
	case args[0] == "-h" || args[0] == "--help":
		return g.Help()
	case strings.HasPrefix(args[0], "-"):
		return Usagef("unknown flag %s; %s", args[0], didYouMean(args[0], []string{"--help"}))
	}
	return UnknownCommand(g, args[0])
}

// UnknownCommand is the error for a name that g has no command for.
func UnknownCommand(g *cobra.Command, name string) error {
	return Usagef("no command %q; %s", name, didYouMean(name, names(g)))
}

func names(g *cobra.Command) []string {
	var all []string
	for _, c := range g.Commands() {
		if !c.Hidden {
			all = append(all, c.Name())
		}
	}
	return all
}
