package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

// moment is how long an apply without --wait gives the agents that run.
const moment = 10 * time.Second

type applyView struct {
	Published int64    `json:"published_revision"`
	Changed   bool     `json:"changed"`
	Behind    []string `json:"behind"` // members that do not work with it yet
}

func configApply(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "apply [flags]",
		Short: "Have daemons work with what is set",
		Long: "Publish the configuration, which each member's agent then applies. This host's own part is\n" +
			"done at once, also where no agent runs. Members whose agents run are given a moment; with\n" +
			"--wait, all members are waited for, and one that has no agent is an error (exit code 5).",
		Example: "  rok-config apply\n  rok-config apply --wait",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	dryRun := dryRunFlag(c)
	wait := c.Flags().Bool("wait", false, "wait until all members have applied it")
	limit := c.Flags().Duration("timeout", 2*time.Minute, "how long --wait waits")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.withCluster(c.Context(), func(cl *cluster.Cluster) error {
			if *dryRun {
				s, err := cl.Read(c.Context())
				if err != nil {
					return err
				}
				return printApply(c, format, applyView{s.Published.Revision, len(s.Diff()) > 0, s.Behind()})
			}
			view, err := apply(c.Context(), e, cl, *wait, *limit)
			if view.Published == 0 {
				return err
			}
			if err2 := printApply(c, format, view); err == nil {
				err = err2
			}
			return err
		})
	}
	return c
}

func apply(ctx context.Context, e *env, cl *cluster.Cluster, wait bool, limit time.Duration) (view applyView, err error) {
	done, err := cl.Change(ctx, cluster.PlanApply)
	if err != nil {
		return view, err
	}
	s, err := cl.Read(ctx)
	if err != nil {
		return view, err
	}
	if err := s.CheckState(cl.Host, e.stateDir()); err != nil {
		return view, err
	}
	if err := cl.ApplyHere(ctx, s, e.stateDir()); err != nil {
		return view, err
	}
	view = applyView{Published: s.Published.Revision, Changed: !done.Change.Empty()}
	if !wait {
		limit = moment
	}
	view.Behind, err = cl.AwaitApplied(ctx, limit, true)
	if err != nil || !wait || len(view.Behind) == 0 {
		return view, err
	}
	return view, fmt.Errorf("apply: revision %d is not applied on %s: %w; start rok-agent there",
		view.Published, strings.Join(view.Behind, ", "), cluster.ErrAbsent)
}

func printApply(c *cobra.Command, format *cli.Format, view applyView) error {
	if view.Behind == nil {
		view.Behind = []string{}
	}
	if format.JSON() {
		return cli.JSON(c.OutOrStdout(), view)
	}
	fmt.Fprintf(c.OutOrStdout(), "revision %d\n", view.Published)
	if len(view.Behind) > 0 {
		fmt.Fprintf(c.OutOrStdout(), "not yet applied on %s\n", strings.Join(view.Behind, ", "))
	}
	return nil
}
