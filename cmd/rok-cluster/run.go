package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
)

// command is an entry of the first level.
type command struct {
	name, short string
	build       func(*env) *cobra.Command
}

// commands are in the order of rok-cluster help.
func commands() []command {
	return []command{
		{"register", "Register volumes as maps", registerCommand},
		{"present", "Write a map's volume into a file or onto a device, or compare it", presentCommand},
		{"composer-tool", "Maps: list, show, compare, label, remove, upgrade, verify", composerToolCommand},
		{"cluster-gc", "Free what no map needs", clusterGCCommand},
		{"config", "Show and change the cluster's configuration", configCommand},
		{"cluster-ctl", "Members of the cluster, its master, and the agent", clusterCtlCommand},
		{"cluster-upgrade", "Upgrade the cluster, one node after the other", clusterUpgradeCommand},
		{"s3d", "Serve an S3 bucket on a unix socket", s3dCommand},
		{"version", "Show the version", versionCommand},
		{"completion", "Print the completion script of a shell", func(*env) *cobra.Command {
			return cli.Completion("rok-cluster", "commands and flags")
		}},
		{"help", "Show how to use a command", func(*env) *cobra.Command {
			return cli.HelpCommand("  rok-cluster help\n  rok-cluster help register")
		}},
	}
}

// run runs what argv names, with the program's name first, and returns the status to
// exit with.
func run(ctx context.Context, argv []string, e *env) int {
	name, suffix := called(argv[0])
	e.suffix = suffix
	p := cli.Program{Root: root(e, name), Rules: rules, Stdin: e.stdin, Stdout: e.stdout, Stderr: e.stderr}
	return int(p.Run(ctx, argv[1:]))
}

// called is the command that a program's name stands for, and what stands behind it;
// "" for rok-cluster, and for a name that is none of ours.
func called(program string) (name, suffix string) {
	name, ours := strings.CutPrefix(filepath.Base(program), "rok-")
	if !ours {
		return "", ""
	}
	for _, c := range commands() {
		switch rest, ok := strings.CutPrefix(name, c.name); {
		case ok && rest == "":
			return c.name, ""
		case ok && strings.HasPrefix(rest, "-v") && c.name == "cluster-upgrade":
			return c.name, rest[1:]
		}
	}
	return "", ""
}

// root makes the tree: one command, by the name that it was called, or all.
func root(e *env, name string) *cobra.Command {
	cobra.EnableCommandSorting = false
	r := cli.Group("rok-cluster", "rok-cluster keeps volumes as maps in stores, and a cluster's configuration.")
	r.Use = "rok-cluster COMMAND [ARGS...]"
	r.Example = "  rok-cluster help\n  rok-cluster help register"
	for _, c := range commands() {
		if name != "" && c.name != name {
			continue
		}
		sub := c.build(e)
		sub.Short = c.short
		placeFlags(sub, e)
		sub.PersistentPreRun = func(c *cobra.Command, _ []string) { e.quiet, _ = c.Flags().GetBool("quiet") }
		if c.name == name {
			sub.Use = "rok-" + sub.Use
			return sub
		}
		if c.name == "help" {
			r.SetHelpCommand(sub)
		}
		r.AddCommand(sub)
	}
	return r
}
