package main

import (
	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/nearest"
)

func completionCommand(*env) *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:       "completion bash|zsh|fish",
		Long:      "Print a script that completes rok-cluster's commands and flags in a shell.",
		Example:   "  rok-cluster completion bash                  # source it in ~/.bashrc\n  rok-cluster completion zsh\n  rok-cluster completion fish",
		Args:      cli.Args(1, 1),
		ValidArgs: shells,
		RunE: func(c *cobra.Command, args []string) error {
			switch root, w := c.Root(), c.OutOrStdout(); args[0] {
			case "bash":
				return root.GenBashCompletionV2(w, true)
			case "zsh":
				return root.GenZshCompletion(w)
			case "fish":
				return root.GenFishCompletion(w, true)
			}
			near, _ := nearest.Of(args[0], shells)
			return cli.Usagef("no completion for %q; the nearest one is %s", args[0], near)
		},
	}
}
