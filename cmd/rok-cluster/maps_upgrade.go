package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/store"
)

// upgradeGate asks the cluster whether maps may be v4: all its members must be able to read them, and
// composer.map_version be 4.
func upgradeGate(e *env) func(context.Context) error { return e.mapGate }

// upgradedView is a map in "composer-tool map-upgrade -o json" and "map-restore -o json".
type upgradedView struct {
	Name   string  `json:"name"`
	State  string  `json:"state"`
	From   *string `json:"from"`
	To     *string `json:"to"`
	Backup *string `json:"backup"`
	Error  *string `json:"error"`
}

func mapUpgrade(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "map-upgrade NAME...|--all",
		Short: "Make v4 maps of v3 ones",
		Long: `Make v4 maps of v3 ones. The former bytes of each are kept as NAME~v3.bak, the new map is read back and
compared with the old one, and then takes its place in one step. Data blocks stay as they are.

A v4 map is a tree where --degree is given or configured (composerd.maptree_degree), and flat otherwise. With
a degree, flat v4 maps become trees too; they are compared likewise, and no backup is kept.

A run that is ended anywhere goes on when the same command is given again. map-restore is the way back, and
"rok-cluster-gc --delete-backups" removes the backups.`,
		Example: "  rok-composer-tool map-upgrade --all\n  rok-composer-tool map-upgrade vm/web-1 --degree auto --dry-run",
	}
	flags := c.Flags()
	address, format, quiet := storeFlag(flags), cli.OutputFlag(c), cli.QuietFlag(c)
	all := flags.Bool("all", false, "all maps of the store")
	dry := flags.Bool("dry-run", false, "show what would be done")
	var degree degreeValue
	flags.Var(&degree, "degree", "children of a node: auto, flat, or a power of two from 16 to 1024")
	c.RunE = func(c *cobra.Command, args []string) error {
		names, err := namesOrAll(c, args, *all)
		if err != nil {
			return err
		}
		return withStore(c.Context(), e, *address, false, func(st *store.Store, s composerSettings) error {
			r := composer.UpgradeRequest{Names: names, Degree: s.defaults.Degree, DryRun: *dry, Gate: upgradeGate(e), StateDir: e.stateDir(), Now: e.now}
			if degree.degree != nil {
				r.Degree = *degree.degree
			}
			return runUpgrade(c, format, *quiet, "upgrade", r, func(r composer.UpgradeRequest) ([]composer.Upgraded, error) {
				return composer.Upgrade(c.Context(), st, r)
			})
		})
	}
	return c
}

func mapRestore(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "map-restore NAME...|--all",
		Short: "Put the backups of map-upgrade back",
		Long: `Put NAME~v3.bak back in the place of NAME. A map that was registered anew since its backup is refused: its
newer state would be lost. One that was removed is made again where it is named. Backups stay.`,
		Example: "  rok-composer-tool map-restore vm/web-1\n  rok-composer-tool map-restore --all --dry-run",
	}
	flags := c.Flags()
	address, format, quiet := storeFlag(flags), cli.OutputFlag(c), cli.QuietFlag(c)
	all := flags.Bool("all", false, "all maps that have a backup")
	dry := flags.Bool("dry-run", false, "show what would be done")
	c.RunE = func(c *cobra.Command, args []string) error {
		names, err := namesOrAll(c, args, *all)
		if err != nil {
			return err
		}
		return withStore(c.Context(), e, *address, false, func(st *store.Store, _ composerSettings) error {
			r := composer.UpgradeRequest{Names: names, DryRun: *dry, StateDir: e.stateDir(), Now: e.now}
			return runUpgrade(c, format, *quiet, "restore", r, func(r composer.UpgradeRequest) ([]composer.Upgraded, error) {
				return composer.Restore(c.Context(), st, r)
			})
		})
	}
	return c
}

// namesOrAll are the maps that are named, or nil for all.
func namesOrAll(c *cobra.Command, args []string, all bool) ([]string, error) {
	switch {
	case all && len(args) > 0:
		return nil, cli.Usagef("--all, or names: not both")
	case !all && len(args) == 0:
		return nil, cli.Usagef("name maps, or give --all: %s", c.UseLine())
	case all:
		return nil, nil
	}
	return args, nil
}

func runUpgrade(c *cobra.Command, format *cli.Format, quiet bool, verb string, r composer.UpgradeRequest, do func(composer.UpgradeRequest) ([]composer.Upgraded, error)) error {
	progress := cli.NewProgress(c.ErrOrStderr(), quiet)
	defer progress.End()
	if progress != nil {
		r.Progress = func(name string) { progress.Set(cli.Step{Label: verb + " " + name}) }
	}
	all, err := do(r)
	progress.End()
	return errors.Join(err, printUpgraded(c, format, verb, all))
}

func shapeOf(s maps.Shape) *string {
	if s.Version == 0 {
		return nil
	}
	return orNull(formatOf(s.Version, s.Degree))
}

func printUpgraded(c *cobra.Command, format *cli.Format, verb string, all []composer.Upgraded) error {
	views, counts := []upgradedView{}, map[composer.State]int{}
	t := &cli.Table{Columns: []string{"MAP", "STATE", "FROM", "TO", "BACKUP"}}
	for _, u := range all {
		v := upgradedView{Name: u.Name, State: string(u.State), From: shapeOf(u.From), To: shapeOf(u.To), Backup: orNull(u.Backup)}
		if u.Err != nil {
			v.Error = orNull(u.Err.Error())
		}
		counts[u.State]++
		views = append(views, v)
		t.Add(u.Name, string(u.State), textOf(v.From), textOf(v.To), u.Backup)
	}
	w := c.OutOrStdout()
	if format.JSON() {
		return cli.JSON(w, map[string]any{
			"maps": views, "done_count": counts[composer.Done], "would_count": counts[composer.Would],
			"already_count": counts[composer.Already], "failed_count": counts[composer.Failed],
		})
	}
	if len(all) > 0 {
		if _, err := t.WriteTo(w); err != nil {
			return err
		}
	}
	done := plural(counts[composer.Done], "map") + " " + map[string]string{"upgrade": "upgraded", "restore": "restored"}[verb]
	if counts[composer.Would] > 0 {
		done = plural(counts[composer.Would], "map") + " would be " + map[string]string{"upgrade": "upgraded", "restore": "restored"}[verb]
	}
	_, err := fmt.Fprintf(w, "%s, %d already, %d failed\n", done, counts[composer.Already], counts[composer.Failed])
	return err
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
