package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

type rollbackView struct {
	Target   string               `json:"target"`
	Steps    []cluster.StepResult `json:"steps"`
	Schema   int                  `json:"schema"`   // of the cluster, now
	Upgraded []string             `json:"upgraded"` // members that are upgraded still
}

func upgradeRollback(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "rollback [flags]",
		Short: "Take the upgrade back",
		Long: "Take the upgrade of this node back: its steps are undone, the last first. Where no node is upgraded\n" +
			"any more and this is the master, the cluster's former schema and configuration are restored too,\n" +
			"in one transaction, if the configuration has not changed since the upgrade.",
		Example: "  rok-cluster-upgrade-v0.12.0 rollback",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	dryRun := dryRunFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.withUpgrade(c.Context(), func(cl *cluster.Cluster, target cluster.Migration) error {
			view, err := rollBack(c, e, cl, target, *dryRun)
			if err != nil {
				return err
			}
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), view)
			}
			if err := printSteps(c.OutOrStdout(), view.Steps); err != nil {
				return err
			}
			if len(view.Upgraded) > 0 {
				fmt.Fprintf(c.OutOrStdout(), "still upgraded, run rollback there: %s\n", strings.Join(view.Upgraded, ", "))
			}
			fmt.Fprintf(c.OutOrStdout(), "the cluster has schema %d\n", view.Schema)
			return nil
		})
	}
	return c
}

func rollBack(c *cobra.Command, e *env, cl *cluster.Cluster, target cluster.Migration, dryRun bool) (view rollbackView, err error) {
	ctx := c.Context()
	view = rollbackView{Target: "v" + target.Version, Steps: []cluster.StepResult{}, Upgraded: []string{}}
	s, err := cl.Read(ctx)
	if err != nil {
		return view, err
	}
	if s.Schema == 0 {
		return view, noCluster(cl)
	}
	view.Schema = s.Schema
	if !dryRun { // also where the cluster is back already: one that was killed is finished

		result, err := e.node(cl, target).Undo(ctx)
		if err != nil {
			return view, err
		}
		view.Steps = append(view.Steps, result.Steps...)
		if s, err = cl.Read(ctx); err != nil {
			return view, err
		}
	}
	if s.Schema < target.To {
		return view, nil
	}
	waiting := map[string]bool{}
	for _, h := range s.Waiting(target.Version) {
		waiting[h] = true
	}
	for _, h := range s.Hosts() {
		if !waiting[h] {
			view.Upgraded = append(view.Upgraded, h)
		}
	}
	if len(view.Upgraded) > 0 || s.Master.Host != "" && s.Master.Host != cl.Host {
		return view, nil
	}
	if _, err := cl.UndoCluster(ctx, target, dryRun); err != nil {
		return view, err
	}
	if !dryRun {
		view.Schema = target.From
	}
	return view, nil
}
