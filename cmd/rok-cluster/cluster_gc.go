package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// gcView is what "cluster-gc -o json" prints.
type gcView struct {
	DryRun    bool           `json:"dry_run"`
	Epoch     uint64         `json:"epoch"`
	MapCount  int            `json:"map_count"`
	Live      amountView     `json:"live"`
	Condemned amountView     `json:"condemned"`
	Freed     amountView     `json:"freed"`
	Rescued   amountView     `json:"rescued"`
	Missing   int64          `json:"missing_count"`
	Foreign   int64          `json:"foreign_count"`
	Waiting   []waitingView  `json:"waiting"`
	Backups   []gcBackupView `json:"backups"`
}

type amountView struct {
	Count int64 `json:"object_count"`
	Bytes int64 `json:"bytes"`
}

type waitingView struct {
	Purpose string    `json:"purpose"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Until   time.Time `json:"until"`
}

type gcBackupView struct {
	Name  string  `json:"name"`
	State string  `json:"state"`
	Error *string `json:"error"`
}

func clusterGCCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "cluster-gc",
		Long: `Free what no map needs. It may run at any time, beside any other command: what a writer that is running may count on
is freed only when that has ended. Where there is such a writer, the command says what it waits for and until when, and
the next run goes on; --wait, or gc.wait of the cluster, waits for so long.

--delete-backups removes the backups of map-upgrade first, each only where the v4 map proves to be the same volume;
the others are kept, and told.`,
		Example: "  rok-cluster-gc --dry-run\n  rok-cluster-gc --delete-backups\n  rok-cluster-gc --wait 5m",
		Args:    cli.Args(0, 0),
	}
	flags := c.Flags()
	address, format, quiet := storeFlag(flags), cli.OutputFlag(c), cli.QuietFlag(c)
	var r composer.CollectRequest
	flags.BoolVar(&r.Options.DryRun, "dry-run", false, "show what would be freed, and write nothing")
	flags.BoolVar(&r.Backups, "delete-backups", false, "remove the backups of map-upgrade")
	flags.DurationVar(&r.Options.Wait, "wait", 0, "wait so `LONG` for writers that began before (default gc.wait of the cluster)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		progress := cli.NewProgress(c.ErrOrStderr(), *quiet)
		defer progress.End()
		if progress != nil {
			r.Progress = func(name string) { progress.Set(cli.Step{Label: "compare " + name}) }
			r.Options.Report = func(now store.Collected) {
				progress.Set(cli.Step{Label: fmt.Sprintf("collect: %d maps, %d objects condemned, %d freed", now.Maps, now.Condemned.Objects, now.Freed.Objects)})
			}
		}
		settings, err := readComposer(e)
		if err != nil {
			return err
		}
		if !flags.Changed("wait") {
			r.Options.Wait = settings.cluster.GC.Wait
		}
		r.Options.Dir = filepath.Join(e.stateDir(), "gc")
		if err := os.MkdirAll(r.Options.Dir, 0o700); err != nil {
			return err
		}
		return settings.withStore(c.Context(), e, *address, false, func(st *store.Store) error {
			result, err := composer.Collect(c.Context(), st, r)
			progress.End()
			v := viewGC(result, r.Options.DryRun)
			if format.JSON() {
				return errors.Join(err, cli.JSON(c.OutOrStdout(), v))
			}
			return errors.Join(err, printGC(c.OutOrStdout(), v))
		})
	}
	return c
}

func viewGC(r composer.CollectResult, dry bool) gcView {
	amount := func(a store.Amount) amountView { return amountView{a.Objects, a.Bytes} }
	c := r.Collected
	v := gcView{
		DryRun: dry, Epoch: c.Epoch, MapCount: c.Maps, Live: amount(c.Live), Condemned: amount(c.Condemned), Freed: amount(c.Freed),
		Rescued: amount(c.Rescued), Missing: c.Missing, Foreign: c.Foreign, Waiting: []waitingView{}, Backups: []gcBackupView{},
	}
	for _, w := range c.Waiting {
		v.Waiting = append(v.Waiting, waitingView{w.Purpose, w.Host, w.PID, w.Until.UTC()})
	}
	for _, b := range r.Backups {
		one := gcBackupView{Name: b.Name, State: string(b.State)}
		if b.Err != nil {
			one.Error = orNull(b.Err.Error())
		}
		v.Backups = append(v.Backups, one)
	}
	return v
}

func printGC(w io.Writer, v gcView) error {
	for _, b := range v.Backups {
		text := map[string]string{string(composer.Done): "removed", string(composer.Would): "would be removed"}[b.State]
		if text != "" {
			fmt.Fprintf(w, "backup %s: %s\n", cli.Printable(b.Name), text)
		}
	}
	t := new(cli.Table)
	row := func(what string, a amountView) {
		t.Add(what, plural(a.Count, "object"), units.Bytes(a.Bytes).Human())
	}
	// A run that goes on with what a former one found, and has to wait for it, looks at no map.
	if looked := v.MapCount > 0 || len(v.Waiting) == 0; looked {
		t.Add("maps", fmt.Sprint(v.MapCount), "")
		row("needed", v.Live)
		row(map[bool]string{true: "would be freed", false: "no longer needed"}[v.DryRun], v.Condemned)
	}
	if !v.DryRun {
		row("freed", v.Freed)
	}
	if v.Rescued.Count > 0 {
		row("needed again", v.Rescued)
	}
	if v.Missing > 0 {
		t.Add("missing", plural(v.Missing, "object"), `"rok-composer-tool verify" tells which`)
	}
	if v.Foreign > 0 {
		t.Add("not of a store", plural(v.Foreign, "object"), "left as they are")
	}
	if _, err := t.WriteTo(w); err != nil {
		return err
	}
	for _, s := range v.Waiting {
		if _, err := fmt.Fprintf(w, "not freed yet: %s (%s, process %d) may count on it, at the latest until %s unless it goes on\n",
			cli.Printable(s.Purpose), cli.Printable(s.Host), s.PID, s.Until.Format(time.RFC3339)); err != nil {
			return err
		}
	}
	return nil
}
