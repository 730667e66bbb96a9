package main

import "github.com/spf13/cobra"

// asked builds the commands of a group: the one that was asked for alone, and all
// where that is not one of them, or the whole tree is wanted. A command with
// twenty flags takes as long to build as a volume group of one volume to read.
func asked(e *env, group string, all []command) []*cobra.Command {
	if len(e.args) > 1 && e.args[0] == group {
		for _, c := range all {
			if c.name == e.args[1] {
				return []*cobra.Command{c.build(e)}
			}
		}
	}
	var built []*cobra.Command
	for _, c := range all {
		built = append(built, c.build(e))
	}
	return built
}

func pvCommands() []command {
	return []command{
		{name: "ls", build: pvLs},
		{name: "create", build: pvCreate},
		{name: "rm", build: pvRm},
		{name: "resize", build: pvResize},
		{name: "change", build: pvChange},
		{name: "tag", build: pvTag},
		{name: "restore", build: pvRestore},
	}
}

func vgCommands() []command {
	return []command{
		{name: "ls", build: vgLs},
		{name: "create", build: vgCreate},
		{name: "extend", build: vgExtend},
		{name: "reduce", build: vgReduce},
		{name: "rename", build: vgRename},
		{name: "rm", build: vgRm},
		{name: "change", build: vgChange},
		{name: "tag", build: vgTag},
		{name: "check", build: vgCheck},
		{name: "backup", build: vgBackup},
		{name: "restore", build: vgRestore},
		{name: "activate", build: vgActivate},
		{name: "deactivate", build: vgDeactivate},
	}
}

func lvCommands() []command {
	return []command{
		{name: "ls", build: lvLs},
		{name: "create", build: lvCreate},
		{name: "extend", build: lvExtend},
		{name: "reduce", build: lvReduce},
		{name: "resize", build: lvResize},
		{name: "rm", build: lvRm},
		{name: "rename", build: lvRename},
		{name: "change", build: lvChange},
		{name: "tag", build: lvTag},
		{name: "activate", build: lvActivate},
		{name: "deactivate", build: lvDeactivate},
	}
}
