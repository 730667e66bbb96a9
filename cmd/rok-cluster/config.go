package main

import (
	"bufio"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

func configCommand(e *env) *cobra.Command {
	c := cli.Group("config", "",
		configGet(e), configSet(e), configUnset(e), configApply(e), configDiff(e), configHistory(e), configRollback(e))
	c.Long = "Show and change the cluster's configuration.\n\n" +
		"Variables whose names begin with \"cluster.\" count as soon as they are set; all others\n" +
		"when they are applied."
	c.Example = "  rok-config get\n  rok-config set composer.map_version=4\n  rok-config apply"
	return c
}

// variableView is a variable in JSON. Of a secret, the value is null.
type variableView struct {
	Name    string  `json:"name"`
	Value   *string `json:"value"`
	Default string  `json:"default"`
	Set     bool    `json:"set"`
	Wants   string  `json:"wants"`
	Unit    string  `json:"unit"`
	Since   string  `json:"since"`
	Restart bool    `json:"restart"`
	Secret  bool    `json:"secret"`
	Help    string  `json:"help"`
}

type configView struct {
	Revision  int64          `json:"revision"`
	Published int64          `json:"published_revision"`
	Variables []variableView `json:"variables"`
}

func configGet(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "get [PREFIX] [flags]",
		Short: "Print variables and their values",
		Long: "Print the variables whose names begin with PREFIX, or all, with the values that hold: one\n" +
			"NAME=VALUE in each line, which config set takes. A variable without a value has nothing\n" +
			"behind the sign. Secrets are printed as " + cluster.Hidden + ".",
		Example: "  rok-config get\n  rok-config get composer.",
		Args:    cli.Args(0, 1),
	}
	format := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		prefix := ""
		if len(args) > 0 {
			prefix = args[0]
		}
		return e.withState(c.Context(), func(cl *cluster.Cluster, s *cluster.State) error {
			all := s.Get(prefix)
			if len(all) == 0 {
				return cluster.UnknownName(prefix)
			}
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), viewConfig(s, all))
			}
			w := bufio.NewWriter(c.OutOrStdout()) // there may be tens of thousands
			for _, v := range all {
				fmt.Fprintln(w, v.Shown())
			}
			return w.Flush()
		})
	}
	return c
}

func viewConfig(s *cluster.State, all []cluster.Effective) configView {
	view := configView{Revision: s.Revision, Published: s.Published.Revision, Variables: []variableView{}}
	for _, e := range all {
		v := e.Variable
		one := variableView{e.Name, &e.Value, v.Default, e.Set, v.Want(), v.Unit, v.Since, v.Restart, v.Secret, v.Help}
		if v.Secret {
			one.Value = nil
		}
		view.Variables = append(view.Variables, one)
	}
	return view
}

// changedView is what a command that changes the configuration prints.
type changedView struct {
	Changed  bool  `json:"changed"`
	Revision int64 `json:"revision"`
}

// change plans and writes, or with dryRun plans alone.
func change(ctx context.Context, e *env, dryRun bool, plan func(*cluster.State) (cluster.Change, error)) (done cluster.Done, err error) {
	err = e.withCluster(ctx, func(cl *cluster.Cluster) error {
		if dryRun {
			cl.First = false
			s, err := cl.Read(ctx)
			if err != nil {
				return err
			}
			done.Before, done.Revision = s, s.Revision
			done.Change, err = plan(s)
			return err
		}
		done, err = cl.Change(ctx, plan)
		return err
	})
	return done, err
}

// changing makes a command of a plan.
func changing(e *env, c *cobra.Command, plan func(args []string) (func(*cluster.State) (cluster.Change, error), error)) *cobra.Command {
	format := cli.OutputFlag(c)
	dryRun := dryRunFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		p, err := plan(args)
		if err != nil {
			return err
		}
		done, err := change(c.Context(), e, *dryRun, p)
		if err != nil {
			return err
		}
		return printChange(c, format, done, *dryRun)
	}
	return c
}

func dryRunFlag(c *cobra.Command) *bool {
	return c.Flags().Bool("dry-run", false, "say what would be done, and do nothing")
}

func printChange(c *cobra.Command, format *cli.Format, done cluster.Done, dryRun bool) error {
	changed := !done.Change.Empty()
	if format.JSON() {
		return cli.JSON(c.OutOrStdout(), changedView{changed, done.Revision})
	}
	switch {
	case !changed:
		fmt.Fprintf(c.OutOrStdout(), "nothing to change, revision %d\n", done.Revision)
	case dryRun:
		fmt.Fprintf(c.OutOrStdout(), "would change revision %d\n", done.Revision)
	default:
		fmt.Fprintf(c.OutOrStdout(), "revision %d\n", done.Revision)
	}
	return nil
}
