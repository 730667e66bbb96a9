package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
)

// command is an entry of the first level. What is not asked for is not built,
// so that rok starts as quickly with many commands as with few.
type command struct {
	name, short string
	build       func(*env) *cobra.Command
}

// commands are rok's own, in the order of rok help.
func commands() []command {
	return []command{
		{"compare", "Measure thick beside thin on this machine, and let space end", compareCommand},
		{"dm", "Show what the kernel's device-mapper has", dmCommand},
		{"pv", "Physical volumes: the devices that volume groups are made of", pvCommand},
		{"vg", "Volume groups", vgCommand},
		{"lv", "Logical volumes", lvCommand},
		{"pool", "Thin pools: their state, more space, check and repair, and a watcher", poolCommand},
		{"thin", "The metadata of thin pools", thinCommand},
		{"version", "Show the versions of rok and of what it runs on", versionCommand},
		{"completion", "Print the completion script of a shell", func(*env) *cobra.Command {
			return cli.Completion("rok", "commands, flags and devices")
		}},
		{"help", "Show how to use a command", func(*env) *cobra.Command { return cli.HelpCommand("  rok help\n  rok help dm ls") }},
	}
}

// run runs rok, or the program beside it that args name, and returns the
// status to exit with.
func run(ctx context.Context, args []string, e *env) int {
	switch {
	case len(args) > 0 && isExternal(args[0]):
		return runExternal(args[0], args[1:], e)
	case len(args) > 1 && args[0] == "help" && isExternal(args[1]) && findProgram("rok-"+args[1], e) != "":
		return runExternal(args[1], append(args[2:], "-h"), e)
	case len(args) == 1 && args[0] == "--version":
		args = []string{"version"}
	}
	e.args = args
	p := cli.Program{Root: root(e, args), Rules: rules, Stdin: e.stdin, Stdout: e.stdout, Stderr: e.stderr}
	return int(p.Run(ctx, args))
}

// root makes the tree for args: the command that they name alone, in full, and all
// of them where they name none; everywhere in full where the whole is asked for.
func root(e *env, args []string) *cobra.Command {
	r := cli.Group("rok", "rok gives a Linux machine local block volumes, thick and thin.")
	r.Use = "rok COMMAND [ARGS...]"
	r.Example = "  rok dm ls\n  rok help dm"
	cobra.EnableCommandSorting = false
	whole := len(args) > 0 && wantsTree(args[0])
	all := commands()
	named := func(c command) bool { return len(args) > 0 && args[0] == c.name }
	alone := !whole && slices.ContainsFunc(all, named)
	for _, c := range all {
		var sub *cobra.Command
		if alone && !named(c) && c.name != "help" { // which cobra would make
			continue
		}
		if whole || named(c) {
			sub = c.build(e)
		} else {
			sub = &cobra.Command{Use: c.name, Run: func(*cobra.Command, []string) {}}
		}
		sub.Short = c.short
		if c.name == "help" {
			r.SetHelpCommand(sub)
		}
		r.AddCommand(sub)
	}
	return r
}

// wantsTree reports whether a first argument may lead to any command.
func wantsTree(arg string) bool {
	return arg == "help" || arg == "completion" || strings.HasPrefix(arg, cobra.ShellCompRequestCmd)
}

// isExternal reports whether a first argument names no command of rok's own.
func isExternal(arg string) bool {
	if arg == "" || wantsTree(arg) || strings.HasPrefix(arg, "-") || strings.HasPrefix(arg, "–") || strings.HasPrefix(arg, "—") {
		return false
	}
	for _, c := range commands() {
		if c.name == arg {
			return false
		}
	}
	return true
}
