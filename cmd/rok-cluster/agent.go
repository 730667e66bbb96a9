package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

func agent(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "agent [flags]",
		Short: "Run this host's agent",
		Long: "Run this host's agent, until it is told to stop: it shows that the host is there, becomes master\n" +
			"where nobody is and it may, and applies what is published. What it works with is in\n" +
			cluster.AppliedFile + " in the state directory.\n\n" +
			"A store that cannot be reached is waited for; nothing local stops meanwhile.",
		Example: "  rok-cluster-ctl agent",
		Args:    cli.Args(0, 0),
	}
	quiet := cli.QuietFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := e.signals(c.Context())
		defer stop()
		return e.withCluster(ctx, func(cl *cluster.Cluster) error {
			a := &cluster.Agent{Cluster: cl, Dir: e.stateDir()}
			if !*quiet {
				a.Report = func(ev cluster.AgentEvent) {
					if ev.Err != nil {
						fmt.Fprintf(c.ErrOrStderr(), "%s: %v\n", ev.What, ev.Err)
						return
					}
					fmt.Fprintln(c.ErrOrStderr(), ev.What)
				}
			}
			return a.Run(ctx)
		})
	}
	return c
}
