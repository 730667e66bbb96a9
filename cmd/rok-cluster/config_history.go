package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/internal/cli"
)

type changeView struct {
	Name   string  `json:"name"`
	Old    *string `json:"old"` // null: not set, or a secret
	New    *string `json:"new"`
	Secret bool    `json:"secret"`
}

type diffView struct {
	Differences []changeView `json:"differences"`
}

func configDiff(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "diff [flags]",
		Short:   "Show what apply would change",
		Long:    "Show what is set and not yet applied: a line with - for what daemons work with, one with + for\nwhat they would.",
		Example: "  rok-config diff\n  rok-config diff -o json",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.withState(c.Context(), func(cl *cluster.Cluster, s *cluster.State) error {
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), viewDiff(s.Diff()))
			}
			for _, d := range s.Diff() {
				fmt.Fprintln(c.OutOrStdout(), strings.Join(d.Lines(), "\n"))
			}
			return nil
		})
	}
	return c
}

func viewDiff(all []cluster.Difference) diffView {
	view := diffView{Differences: []changeView{}}
	for _, d := range all {
		one := changeView{Name: d.Name, Secret: d.Secret}
		if d.Old != "" && !d.Secret {
			one.Old = &d.Old
		}
		if d.New != "" && !d.Secret {
			one.New = &d.New
		}
		view.Differences = append(view.Differences, one)
	}
	return view
}

type revisionView struct {
	Revision  int64    `json:"revision"`
	At        string   `json:"at"`
	Host      string   `json:"host"`
	Command   string   `json:"command"`
	Published bool     `json:"published"`
	Variables []string `json:"variables"`
}

type historyView struct {
	Revisions []revisionView `json:"revisions"`
}

func configHistory(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "history [flags]",
		Short:   "List the changes of configuration and members",
		Long:    "List the changes of configuration and members, the newest first. The last 200 are kept.",
		Example: "  rok-config history",
		Args:    cli.Args(0, 0),
	}
	format := cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.withCluster(c.Context(), func(cl *cluster.Cluster) error {
			if _, err := cl.Read(c.Context()); err != nil { // first use
				return err
			}
			all, err := cl.History(c.Context())
			if err != nil {
				return err
			}
			view := historyView{Revisions: []revisionView{}}
			t := cli.Table{Columns: []string{">REVISION", "TIME", "HOST", "COMMAND"}}
			for _, h := range all {
				at := h.At.Format(time.RFC3339)
				t.Add(strconv.FormatInt(h.Revision, 10), at, h.Host, h.Command)
				view.Revisions = append(view.Revisions, revisionView{h.Revision, at, h.Host, h.Command, h.Published, h.Names()})
			}
			if format.JSON() {
				return cli.JSON(c.OutOrStdout(), view)
			}
			_, err = t.WriteTo(c.OutOrStdout())
			return err
		})
	}
	return c
}

func configRollback(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "rollback REV [flags]",
		Short: "Set all variables as they were at a revision",
		Long: "Set all variables as they were at a revision that config history lists, in one transaction.\n" +
			"Members are left as they are, and nothing is applied.",
		Example: "  rok-config rollback 1",
		Args:    cli.Args(1, 1),
	}
	format := cli.OutputFlag(c)
	dryRun := dryRunFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		rev, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil || rev < 1 {
			return cli.Usagef("%q is no revision: want a number that config history lists", args[0])
		}
		return e.withCluster(c.Context(), func(cl *cluster.Cluster) error {
			done, err := cl.Rollback(c.Context(), rev, *dryRun)
			if err != nil {
				return err
			}
			return printChange(c, format, done, *dryRun)
		})
	}
	return c
}
