package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

func clusterCtlCommand(e *env) *cobra.Command {
	c := cli.Group("cluster-ctl", "",
		memberList(e), memberAdd(e), memberRemove(e), setMaster(e), clusterStatus(e), agent(e))
	c.Long = "Members of the cluster, its master, and the agent that each host of several runs.\n\n" +
		"On one node no agent is needed."
	c.Example = "  rok-cluster-ctl member-list"
	return c
}

func memberAdd(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "member-add HOST [flags]",
		Short: "Make a host a member",
		Long: "Make a host a member. HOST is what hostname prints there. It may become master where\n" +
			"--master-capable is given.",
		Example: "  rok-cluster-ctl member-add rok2 --master-capable",
		Args:    cli.Args(1, 1),
	}
	capable := c.Flags().Bool("master-capable", false, "it may become master")
	return changing(e, c, func(args []string) (func(*cluster.State) (cluster.Change, error), error) {
		host, err := e.host()
		if err != nil {
			return nil, err
		}
		var code *cluster.Code
		if host == args[0] {
			here := e.running()
			code = &here
		}
		return func(s *cluster.State) (cluster.Change, error) { return cluster.PlanAdd(s, args[0], *capable, code) }, nil
	})
}

func memberRemove(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "member-remove HOST [flags]",
		Short: "End a host's membership",
		Long: "End a host's membership. The master, a member whose agent runs, and the last member that may\n" +
			"become master are refused.",
		Example: "  rok-cluster-ctl member-remove rok2",
		Args:    cli.Args(1, 1),
	}
	return changing(e, c, func(args []string) (func(*cluster.State) (cluster.Change, error), error) {
		return func(s *cluster.State) (cluster.Change, error) { return cluster.PlanRemove(s, args[0]) }, nil
	})
}

type masterView struct {
	Master string `json:"master"`
}

func setMaster(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "set-master HOST [flags]",
		Short:   "Make a member the master",
		Long:    "Make a member the master: it may become it, and its agent runs. The lease of the present one ends.",
		Example: "  rok-cluster-ctl set-master rok1",
		Args:    cli.Args(1, 1),
	}
	format := cli.OutputFlag(c)
	dryRun := dryRunFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return e.withCluster(c.Context(), func(cl *cluster.Cluster) error {
			if *dryRun {
				s, err := cl.Read(c.Context())
				if err == nil {
					_, err = cluster.PlanMaster(s, args[0])
				}
				if err != nil {
					return err
				}
			} else if err := cl.SetMaster(c.Context(), args[0]); err != nil {
				return err
			}
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), masterView{args[0]})
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is master\n", args[0])
			return nil
		})
	}
	return c
}
