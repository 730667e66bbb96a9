package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

func clusterUpgradeCommand(e *env) *cobra.Command {
	c := cli.Group("cluster-upgrade", "",
		upgradePlan(e), upgradeCluster(e), upgradeNode(e), upgradeVerify(e), upgradeRollback(e))
	c.Long = "Upgrade the cluster: its state on the master, then the master's node, then the other nodes, one\n" +
		"after the other. Another order is refused, with what to run first.\n\n" +
		"A name such as rok-cluster-upgrade-v0.12.0 says to which version; without it, it is the newest."
	c.Example = "  rok-cluster-upgrade-v0.12.0 plan\n  rok-cluster-upgrade-v0.12.0 upgrade-cluster\n  rok-cluster-upgrade-v0.12.0 upgrade-node"
	return c
}

type taskView struct {
	Host    *string `json:"host"` // null: any
	Command string  `json:"command"`
	State   string  `json:"state"`
}

type planView struct {
	Target string     `json:"target"`
	Schema int        `json:"schema"`
	Tasks  []taskView `json:"tasks"`
}

func upgradePlan(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "plan [flags]",
		Short:   "Show the commands of the upgrade in their order",
		Long:    "Show the commands of the upgrade in their order, where each is run, and how far it came.",
		Example: "  rok-cluster-upgrade-v0.12.0 plan",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.withUpgradeState(c.Context(), func(s *cluster.State, target cluster.Migration) error {
			view := planView{"v" + target.Version, s.Schema, []taskView{}}
			t := cli.Table{Columns: []string{"STATE", "HOST", "COMMAND"}}
			for _, task := range cluster.Schedule(s, target) {
				t.Add(task.State, task.Host, task.Command)
				view.Tasks = append(view.Tasks, taskView{known(task.Host), task.Command, task.State})
			}
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), view)
			}
			_, err := t.WriteTo(c.OutOrStdout())
			return err
		})
	}
	return c
}

type clusterVerifyView struct {
	Target string   `json:"target"`
	OK     bool     `json:"ok"`
	Faults []string `json:"faults"`
}

func upgradeVerify(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "verify [flags]",
		Short:   "Check that the upgrade is complete",
		Long:    "Check that the upgrade is complete: the schema, each member's code and node, the master, and all\nvalues. What is not is listed, and the exit code is 1.",
		Example: "  rok-cluster-upgrade-v0.12.0 verify",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.withUpgradeState(c.Context(), func(s *cluster.State, target cluster.Migration) error {
			faults := append([]string{}, cluster.Verify(s, target)...)
			var err error
			if format.JSON() {
				err = cli.JSON(c.OutOrStdout(), clusterVerifyView{"v" + target.Version, len(faults) == 0, faults})
			} else {
				for _, f := range faults {
					fmt.Fprintln(c.OutOrStdout(), f)
				}
				if len(faults) == 0 {
					fmt.Fprintf(c.OutOrStdout(), "the upgrade to v%s is complete\n", target.Version)
				}
			}
			if err == nil && len(faults) > 0 {
				err = fmt.Errorf("the upgrade to v%s is not complete", target.Version)
			}
			return err
		})
	}
	return c
}
