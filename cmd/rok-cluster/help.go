package main

import (
	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
)

func helpCommand(*env) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND...]",
		Long:    "Show how to use a command, as COMMAND -h does; alone, list the commands.",
		Example: "  rok-cluster help\n  rok-cluster help register",
		RunE: func(c *cobra.Command, args []string) error {
			topic := c.Root()
			for _, name := range args {
				sub, _, err := topic.Find([]string{name})
				if err != nil || sub == topic {
					return cli.UnknownCommand(topic, name)
				}
				topic = sub
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}
