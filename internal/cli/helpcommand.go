package cli

import "github.com/spf13/cobra"

// HelpCommand is the command "help" of a program, whose example is given.
func HelpCommand(example string) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND...]",
		Long:    "Show how to use a command, as COMMAND -h does; alone, list the commands.",
		Example: example,
		RunE: func(c *cobra.Command, args []string) error {
			topic := c.Root()
			for _, name := range args {
				sub, _, err := topic.Find([]string{name})
				if err != nil || sub == topic {
					return UnknownCommand(topic, name)
				}
				topic = sub
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}
