package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

type clusterUpgradedView struct {
	Target   string   `json:"target"`
	Changed  bool     `json:"changed"` // or, of a dry run, would be
	Schema   int      `json:"schema"`
	Revision int64    `json:"revision"`
	Isolated []string `json:"isolated"` // members that lost their capability
}

func upgradeCluster(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "upgrade-cluster [flags]",
		Short: "Upgrade the cluster's state, on the master",
		Long: "Upgrade the cluster's shared state, in one transaction. It is run on the master, whose boot disk\n" +
			"is the new one, while no member with older code may become master. --isolate-master takes that\n" +
			"capability from those members in the same transaction; they get it back with the last node.\n\n" +
			"The former configuration is kept: cluster-upgrade rollback goes back to it.",
		Example: "  rok-cluster-upgrade-v0.12.0 upgrade-cluster\n  rok-cluster-upgrade-v0.12.0 upgrade-cluster --isolate-master --dry-run",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	dryRun := dryRunFlag(c)
	isolate := c.Flags().Bool("isolate-master", false, "take the capability from members that run older code")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.withUpgrade(c.Context(), func(cl *cluster.Cluster, target cluster.Migration) error {
			done, err := cl.UpgradeCluster(c.Context(), target, *isolate, *dryRun)
			if err != nil {
				return err
			}
			view := clusterUpgradedView{"v" + target.Version, !done.Change.Empty(), target.To, done.Revision, []string{}}
			if u := done.Change.Upgrade; u != nil {
				view.Isolated = append(view.Isolated, u.Restore...)
			}
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), view)
			}
			printClusterUpgraded(c, view, *dryRun)
			return nil
		})
	}
	return c
}

func printClusterUpgraded(c *cobra.Command, view clusterUpgradedView, dryRun bool) {
	w := c.OutOrStdout()
	switch {
	case !view.Changed:
		fmt.Fprintf(w, "the cluster has schema %d already\n", view.Schema)
	case dryRun:
		fmt.Fprintf(w, "would upgrade the cluster to schema %d\n", view.Schema)
	default:
		fmt.Fprintf(w, "the cluster has schema %d now\n", view.Schema)
	}
	if len(view.Isolated) > 0 {
		fmt.Fprintf(w, "not master-capable until the last node is upgraded: %s\n", strings.Join(view.Isolated, ", "))
	}
	if view.Changed && !dryRun {
		fmt.Fprintf(w, "next, on this host: rok-cluster-upgrade-%s upgrade-node\n", view.Target)
	}
}
