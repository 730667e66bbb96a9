package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
)

// retainedView is a map in "composer-tool retain -o json".
type retainedView struct {
	Name    string     `json:"name"`
	Created *time.Time `json:"created"`
	Keep    []string   `json:"keep"`
	Removed bool       `json:"removed"`
}

func mapsRetain(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "retain PREFIX",
		Short: "Remove the older maps of a series",
		Long: `Show which maps of a series stay and which go, and with --yes remove those. A series are the maps whose names
begin with PREFIX, where a word of the name ends: vm/web has vm/web-2026-11-26 in it, and not vm/website.

--keep-last keeps the newest maps; --keep-daily and --keep-weekly the newest map of each of the last days and
weeks that have one, by the time of registration in UTC. What any of them keeps, stays. So do backups of
map-upgrade, and maps that cannot be read. What is not given is as the cluster has it: retention.keep_last,
retention.keep_daily and retention.keep_weekly.`,
		Example: "  rok-composer-tool retain vm/web --keep-last 3 --keep-daily 7 --keep-weekly 4\n  rok-composer-tool retain vm/web --keep-last 3 --yes",
		Args:    cli.Args(1, 1),
	}
	var p composer.Policy
	flags := c.Flags()
	address, format := storeFlag(flags), cli.OutputFlag(c)
	flags.IntVar(&p.Last, "keep-last", 0, "keep the newest `N`")
	flags.IntVar(&p.Daily, "keep-daily", 0, "keep the newest of each of `N` days")
	flags.IntVar(&p.Weekly, "keep-weekly", 0, "keep the newest of each of `N` weeks")
	yes := flags.Bool("yes", false, "remove what goes")
	c.RunE = func(c *cobra.Command, args []string) error {
		settings, err := readComposer(e)
		if err != nil {
			return err
		}
		p := withRetention(p, flags.Changed, settings.cluster.Retention)
		if p.IsZero() || p.Last < 0 || p.Daily < 0 || p.Weekly < 0 {
			return cli.Usagef("say what stays: --keep-last, --keep-daily, --keep-weekly")
		}
		return settings.withStore(c.Context(), e, *address, false, func(st *store.Store) error {
			var series []composer.Listed
			for l, err := range composer.List(c.Context(), st, args[0]) {
				if err != nil {
					return err
				}
				if composer.InSeries(l.Name, args[0]) {
					series = append(series, l)
				}
			}
			if len(series) == 0 {
				return &cli.Error{Err: fmt.Errorf("no map in the series %q", args[0]), Code: cli.NotFound}
			}
			plan := composer.Retain(series, p)
			views, failed := []retainedView{}, []error(nil)
			for _, r := range plan {
				v := retainedView{Name: r.Name, Keep: append([]string{}, r.Keep...)}
				if !r.Created.IsZero() {
					v.Created = &r.Created
				}
				if len(r.Keep) == 0 && *yes {
					err := st.Remove(c.Context(), r.Name, r.Version) // as it was judged
					failed = append(failed, err)
					v.Removed = err == nil
				}
				views = append(views, v)
			}
			if format.JSON() {
				return errors.Join(append(failed, cli.JSON(c.OutOrStdout(), map[string]any{"maps": views}))...)
			}
			return errors.Join(append(failed, printRetained(c.OutOrStdout(), views, *yes))...)
		})
	}
	return c
}

// withRetention is a policy in which what was not given is the cluster's.
func withRetention(p composer.Policy, given func(flag string) bool, r cluster.Retention) composer.Policy {
	if !given("keep-last") {
		p.Last = r.KeepLast
	}
	if !given("keep-daily") {
		p.Daily = r.KeepDaily
	}
	if !given("keep-weekly") {
		p.Weekly = r.KeepWeekly
	}
	return p
}

func printRetained(w io.Writer, views []retainedView, yes bool) error {
	t := &cli.Table{Columns: []string{"MAP", "CREATED", "", "WHY"}}
	gone := 0
	for _, v := range views {
		what := "stays"
		switch {
		case v.Removed:
			what = "removed"
			gone++
		case len(v.Keep) == 0:
			what = "goes"
			gone++
		}
		t.Add(v.Name, timeOf(v.Created), what, strings.Join(v.Keep, ", "))
	}
	if _, err := t.WriteTo(w); err != nil || yes || gone == 0 {
		return err
	}
	_, err := fmt.Fprintf(w, "%s would be removed; --yes does it\n", plural(gone, "map"))
	return err
}
