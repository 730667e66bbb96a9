package main

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/thin/metadata"
)

// poolRepairView is what "rok pool repair -o json" prints.
type poolRepairView struct {
	VG        string          `json:"vg"`
	Pool      string          `json:"pool"`
	DryRun    bool            `json:"dry_run"`
	Steps     []string        `json:"steps"`
	State     *string         `json:"state"`
	Kept      *string         `json:"metadata_kept"`
	Source    *string         `json:"source"`
	LossCount uint64          `json:"loss_count"`
	Losses    []thinFaultView `json:"losses"`
	Lost      []string        `json:"volumes_lost"`
}

func poolRepair(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "repair VG/POOL",
		Short: "Make a thin pool work again that has failed or needs a check",
		Long: `Make a thin pool work again that the kernel has set aside, or that cannot be activated: its
metadata is checked; if it is sound, needs_check is cleared; if it is damaged, what can be
read of it is written into the group's spare, checked, and put in its place. The old
metadata is kept as the volume POOL_metaN; rok lv rm removes it when it is no longer wanted.
Metadata that is full is made larger.

Active volumes are deactivated meanwhile, which --yes allows, and activated again. One that
is in use is refused. A repair that was interrupted goes on with the same command.

Where the transaction ids of the group and of the metadata differ, one of the two is of an
earlier time. If nothing can be lost by it the group gets the metadata's; otherwise
--transaction-id says whose counts. Volumes that are lost are named, and the exit code is 7;
so it is where the superblock was lost and older metadata may have been found: then look at
the volumes before they are written to.`,
		Example: "  rok pool repair data/tank --dry-run\n  rok pool repair data/tank --yes\n  rok pool repair data/tank --yes --transaction-id metadata",
		Args:    cli.Args(1, 1),
	}
	s, format := storageFlags(c, e), cli.OutputFlag(c)
	f := c.Flags()
	dry := f.Bool("dry-run", false, "say what would be done")
	yes := f.BoolP("yes", "y", false, "also of an active pool, whose volumes are deactivated meanwhile")
	choice := f.String("transaction-id", "", "whose transaction id counts where they differ: metadata or vg")
	c.ValidArgsFunction = completePools(s)
	c.RunE = s.with(s.withPools(func(c *cobra.Command, h pool.Host, args []string) error {
		name, err := parseLV(args[0])
		if err != nil {
			return err
		}
		r := pool.RepairRequest{Choice: pool.Choice(*choice), DryRun: *dry, KeepActive: !*yes}
		if r.Choice != pool.ChooseNone && r.Choice != pool.ChooseMetadata && r.Choice != pool.ChooseVG {
			return cli.Usagef("--transaction-id is metadata or vg, not %q", *choice)
		}
		done, err := h.Repair(c.Context(), name.vg, name.lv, r)
		if done != nil {
			for _, w := range done.Warnings {
				c.PrintErrf("rok: warning: %v\n", w)
			}
		}
		if err != nil {
			return withNearestLVM(c, h.System, name.vg, explainPoolRepair(name, err))
		}
		if format.JSON() {
			err = cli.JSON(c.OutOrStdout(), viewPoolRepair(name, r, done))
		} else {
			err = printPoolRepair(c.OutOrStdout(), name, r, done)
		}
		return errors.Join(err, poolRepairError(name, done))
	}))
	return c
}

// explainPoolRepair adds the next step to errors that have one.
func explainPoolRepair(name lvName, err error) error {
	switch {
	case errors.Is(err, pool.ErrActive):
		return &cli.Error{Err: err, Next: "--yes deactivates it meanwhile"}
	case errors.Is(err, thin.ErrTransaction):
		return &cli.Error{Err: err, Code: cli.Refused, Next: "rok pool check " + name.String() +
			" shows what differs; --transaction-id metadata takes the metadata as it is, --transaction-id vg makes it say what the group does"}
	case errors.Is(err, thin.ErrNoDataSpace):
		return &cli.Error{Err: err, Next: "rok pool extend " + name.String()}
	case errors.Is(err, metadata.ErrNoTrees):
		return &cli.Error{Err: err, Code: cli.Corrupt}
	}
	if _, full := errors.AsType[*lvm.NoSpaceError](err); full {
		return &cli.Error{Err: err, Code: cli.NoSpace, Next: "rok vg extend " + name.vg + " DEVICE adds some"}
	}
	if errors.Is(err, syscall.EBUSY) {
		return &cli.Error{Err: err, Code: cli.Refused, Next: "end what uses it"}
	}
	return explain(err)
}

// poolRepairError is what a repair that lost something exits with.
func poolRepairError(name lvName, done *pool.Repaired) error {
	if err := done.Err(); err != nil {
		next := "rok pool check " + name.String() + " tells what is missing"
		if errors.Is(err, pool.ErrGuessed) {
			next = "activate the volumes read-only, and look at them"
		}
		return &cli.Error{Err: fmt.Errorf("%v: %w", name, err), Code: cli.Corrupt, Next: next}
	}
	return nil
}

func viewPoolRepair(name lvName, r pool.RepairRequest, done *pool.Repaired) poolRepairView {
	v := poolRepairView{VG: name.vg, Pool: name.lv, DryRun: r.DryRun, Steps: []string{}, Losses: []thinFaultView{}, Lost: []string{}}
	v.Steps = append(v.Steps, poolRepairSteps(done)...)
	v.Lost = append(v.Lost, done.Plan.Lost...)
	if done.Kept != "" {
		v.Kept = &done.Kept
	}
	if done.After != nil {
		state := pool.Advise(done.After, new(pool.Plan)).State
		v.State = &state
	}
	if w := done.Written; w != nil {
		source := string(w.Source)
		v.Source, v.LossCount, v.Losses = &source, w.LossCount, viewThinFaults(w.Losses)
	}
	return v
}

func poolRepairSteps(done *pool.Repaired) []string {
	if done.Checked == nil {
		return nil
	}
	return done.Plan.Steps(done.Checked.State)
}

func printPoolRepair(w io.Writer, name lvName, r pool.RepairRequest, done *pool.Repaired) error {
	steps := poolRepairSteps(done)
	if len(steps) == 0 {
		_, err := fmt.Fprintf(w, "%v: nothing to do\n", name)
		return err
	}
	for _, step := range steps {
		fmt.Fprintf(w, "%v: %s\n", name, step)
	}
	if r.DryRun {
		_, err := fmt.Fprintln(w, "nothing was changed: it was asked what would be")
		return err
	}
	if done.Kept != "" {
		fmt.Fprintf(w, "%v: the metadata as it was is kept as %s/%s\n", name, name.vg, done.Kept)
	}
	if done.Written != nil {
		for _, l := range done.Written.Losses {
			fmt.Fprintf(w, "lost: %s\n", cli.Printable(l.Error()))
		}
	}
	_, err := fmt.Fprintf(w, "%v: %s\n", name, pool.Advise(done.After, new(pool.Plan)).State)
	return err
}
