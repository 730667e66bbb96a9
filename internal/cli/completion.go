package cli

import (
	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/nearest"
)

// Completion is the command "completion" of a program, which completes what is named: "commands and
// flags".
func Completion(program, what string) *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:  "completion bash|zsh|fish",
		Long: "Print a script that completes " + program + "'s " + what + " in a shell.",
		Example: "  " + program + " completion bash                  # source it in ~/.bashrc\n" +
			"  " + program + " completion zsh\n  " + program + " completion fish",
		Args:      Args(1, 1),
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
			return Usagef("no completion for %q; the nearest one is %s", args[0], near)
		},
	}
}
