// Command emptycobra does nothing, in the way that rok does things: a static Go
// program with one cobra command. What it costs is the floor of what a command
// of rok can cost.
package main

import (
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{Use: "emptycobra", Run: func(*cobra.Command, []string) {}}
	if err := root.Execute(); err != nil {
		os.Exit(1)
	}
}
