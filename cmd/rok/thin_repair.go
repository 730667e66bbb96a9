package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/thin/metadata"
)

func thinRepair(*env) *cobra.Command {
	c := &cobra.Command{
		Use:   "repair -i FILE -o FILE",
		Short: "Write what can be read of damaged metadata to another place",
		Long: `Read what can be read of a pool's metadata, and write it anew into another file or onto
another device, which is then read and checked. What is damaged stays as it is.

What was lost is told by device and range of virtual blocks, and the exit code is then 7:
a device that lost a range reads zeros there; one of which nothing could be reached is left out.
All that is derived (reference counts, free space, what each device maps) is made new, and
needs_check is cleared.

Where the superblock is lost, the newest trees are searched for in all blocks. Then
--data-block-size must be given. The transaction id, which lvm2 compares with its own
(it is in what vgcfgbackup writes), and the number of data blocks are guessed, unless
--transaction-id and --nr-data-blocks give them; what was guessed is told.

Volumes and their snapshots go on to share what they map alike; FILE may need to be a
little larger than what the damaged metadata has in use. A metadata snapshot is left out.`,
		Example: "  rok thin repair -i meta.img -o repaired.img --size 16M",
		Args:    cli.Args(0, 0),
	}
	out := thinOutputFlags(c)
	input := c.Flags().StringP("input", "i", "", "the damaged metadata, a `FILE` or device")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *input == "" {
			return cli.Usagef("-i is missing: the metadata to read")
		}
		in, err := openMetadataFile(*input, os.O_RDONLY, false)
		if err != nil {
			return err
		}
		defer in.Close() // nothing was written
		var repaired *metadata.Repaired
		_, err = out.write(c.Context(), in.File, func(f *metadataFile) (written metadata.Written, err error) {
			repaired, err = metadata.Repair(c.Context(), in, in.size, f, f.size, out.overrides())
			if err != nil {
				return written, explainRepair(*input, err)
			}
			return repaired.Written, nil
		})
		if err != nil {
			return err
		}
		if out.json {
			err = cli.JSON(c.OutOrStdout(), viewThinRepair(out, repaired))
		} else {
			err = printThinRepair(c, out, repaired)
		}
		return errors.Join(err, thinLosses(*input, repaired))
	}
	return c
}

func explainRepair(input string, err error) error {
	switch {
	case errors.Is(err, metadata.ErrNoBlockSize):
		return &cli.Error{Err: fmt.Errorf("%s: %w", input, err), Code: cli.Corrupt,
			Next: "--data-block-size gives it, in sectors: it is the pool's chunk size, which lvs -o chunksize --units s prints"}
	case errors.Is(err, metadata.ErrNoTrees):
		return &cli.Error{Err: fmt.Errorf("%s: %w", input, err), Code: cli.Corrupt}
	}
	if short := (*metadata.NoRoomError)(nil); errors.As(err, &short) {
		return err
	}
	return fmt.Errorf("%s: %w", input, err)
}

// thinRepairView is what "rok thin repair --json" prints.
type thinRepairView struct {
	thinWrittenView
	Source    string          `json:"source"`
	Guessed   []string        `json:"guessed"`
	LossCount uint64          `json:"loss_count"`
	Losses    []thinFaultView `json:"losses"`
}

func viewThinRepair(out *thinOutput, r *metadata.Repaired) thinRepairView {
	guessed := r.Guessed
	if guessed == nil {
		guessed = []string{}
	}
	return thinRepairView{
		thinWrittenView: out.view(r.Written), Source: string(r.Source), Guessed: guessed,
		LossCount: r.LossCount, Losses: viewThinFaults(r.Losses),
	}
}

func printThinRepair(c *cobra.Command, out *thinOutput, r *metadata.Repaired) error {
	t := out.table(r.Written)
	t.Add("found by", string(r.Source))
	for _, field := range r.Guessed {
		t.Add("guessed", field)
	}
	t.Add("losses", fmt.Sprint(r.LossCount))
	w := c.OutOrStdout()
	if _, err := t.WriteTo(w); err != nil {
		return err
	}
	for _, l := range r.Losses {
		fmt.Fprintf(w, "lost: %s\n", cli.Printable(l.Error()))
	}
	if more := r.LossCount - uint64(len(r.Losses)); more > 0 {
		fmt.Fprintf(w, "lost: and %d more\n", more)
	}
	return nil
}

// thinLosses is what a repair that lost something exits with.
func thinLosses(input string, r *metadata.Repaired) error {
	if r.LossCount == 0 {
		return nil
	}
	return &cli.Error{Err: fmt.Errorf("%s: not all could be read: %s", input, plural(r.LossCount, "fault")), Code: cli.Corrupt,
		Next: "the lines above, or --json, tell of which devices"}
}
