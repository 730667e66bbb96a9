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
