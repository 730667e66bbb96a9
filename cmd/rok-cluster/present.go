package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/units"
)

// presentFlags are those of "present".
type presentFlags struct {
	store            *string
	check, overwrite bool
	workers          func() int
	quiet            *bool
	format           *cli.Format
}

func presentCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "present NAME TARGET",
		Long: `Write the volume of a map into a file or onto a block device. Each block is verified as it is read.

A file that is not there, or is empty, is made with holes where the volume has zeros; it is called
TARGET.rok-partial until it is complete. A file that is not empty, and a device with anything at its begin
or end, are refused without --overwrite; a device that is mounted or in use always is. Then only what
differs is written. A target may be larger than the volume: what is behind stays as it is.

A run that was ended goes on when the same command is given again; onto a device or over a file that
was not empty, with --overwrite.

A block that is damaged or missing in the store is left out: its byte range is named, all else is written,
and the exit code is 7. --check compares, writes nothing, names the ranges that differ, and exits 7 then.
Where the map was replaced while it was read, the exit code is 3, and the same command goes on with what it is now.`,
		Example: `  rok-present vm/web-1 restored.img
  rok-present vm/web-1 restored.img --check`,
		Args: cli.Args(2, 2),
	}
	f := new(presentFlags)
	flags := c.Flags()
	f.store = storeFlag(flags)
	flags.BoolVar(&f.check, "check", false, "compare, and write nothing")
	flags.BoolVar(&f.overwrite, "overwrite", false, "write over what is there")
	f.workers = workersFlag(flags)
	f.quiet = cli.QuietFlag(c)
	f.format = cli.OutputFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error { return f.run(c, e, args[0], args[1]) }
	return c
}

func (f *presentFlags) run(c *cobra.Command, e *env, name, target string) error {
	if f.check && f.overwrite {
		return cli.Usagef("--check writes nothing: --overwrite makes no sense with it")
	}
	label := "present"
	if f.check {
		label = "compare"
	}
	progress, step := progressOf(c, label, *f.quiet)
	defer progress.End()
	return withStore(c.Context(), e, *f.store, false, func(st *store.Store, _ composerSettings) error {
		result, err := composer.PresentFile(c.Context(), st, target, f.overwrite, composer.PresentRequest{
			Name: name, Check: f.check, Workers: f.workers(), Progress: step,
		})
		progress.End()
		if result.Map.BlockSize == 0 || result.Counts == (composer.PresentCounts{}) && err != nil {
			return err
		}
		return errors.Join(err, f.print(c.OutOrStdout(), name, target, result))
	})
}

// presentView is what "present -o json" prints.
type presentView struct {
	Map          mapView     `json:"map"`
	Target       string      `json:"target"`
	WrittenBytes uint64      `json:"written_bytes"`
	ZeroedBytes  uint64      `json:"zeroed_bytes"`
	SameBytes    uint64      `json:"same_bytes"`
	BlankBytes   uint64      `json:"blank_bytes"`
	DiffersBytes uint64      `json:"differs_bytes"`
	DamagedBytes uint64      `json:"damaged_bytes"`
	BehindBytes  uint64      `json:"behind_bytes"`
	Differs      []rangeView `json:"differs"`
	Damaged      []rangeView `json:"damaged"`
}

func (f *presentFlags) print(w io.Writer, name, target string, r composer.Presented) error {
	c := r.Counts
	if f.format.JSON() {
		v := presentView{
			Map: viewMap(name, r.Map), Target: target, WrittenBytes: uint64(c.Written), ZeroedBytes: uint64(c.Zeroed),
			SameBytes: uint64(c.Same), BlankBytes: uint64(c.Blank), DiffersBytes: uint64(c.Differs), DamagedBytes: uint64(c.Damaged),
			BehindBytes: uint64(r.Behind), Differs: []rangeView{}, Damaged: []rangeView{},
		}
		for _, d := range r.Differs {
			v.Differs = append(v.Differs, viewRange(d))
		}
		for _, d := range r.Damaged {
			v.Damaged = append(v.Damaged, viewRange(d.Range))
		}
		return cli.JSON(w, v)
	}
	t := new(cli.Table)
	t.Add("size", r.Map.Size.Human())
	row := func(what string, n units.Bytes) {
		if n != 0 {
			t.Add(what, n.Human())
		}
	}
	row("written", c.Written)
	row("zeroed", c.Zeroed)
	row("same", c.Same)
	row("zeros", c.Blank)
	row("differs", c.Differs)
	row("damaged", c.Damaged)
	row("behind the volume", r.Behind)
	if _, err := t.WriteTo(w); err != nil {
		return err
	}
	for _, d := range r.Differs {
		if _, err := fmt.Fprintf(w, "differs at %d, %d bytes\n", uint64(d.Start), uint64(d.Length)); err != nil {
			return err
		}
	}
	return nil
}
