package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

// checkView is a VG of "rok vg check -o json".
type checkView struct {
	VG     string      `json:"vg_name"`
	UUID   string      `json:"vg_uuid"`
	Seqno  uint32      `json:"vg_seqno"`
	Faults []faultView `json:"faults"`
}

// faultView is a thing that is wrong.
type faultView struct {
	Object string `json:"object"`
	Name   string `json:"name"`
	What   string `json:"what"`
	Mend   string `json:"mend"`
}

func vgCheck(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "check [VG...]",
		Short: "Say all that is wrong with volume groups, and how to mend it",
		Long: `Say all that is wrong with volume groups, and how to mend it: labels, metadata areas,
copies that differ, texts, extents, devices that are missing or there twice, and metadata
that soon does not fit. It exits 7 where something is wrong.

Nothing is changed, unless --mend is given: the metadata of groups whose copies are damaged,
behind or left over is written anew, as by any change of the group.`,
		Example: "  rok vg check\n  rok vg check data -o json\n  rok vg check --mend data",
	}
	s, format := storageFlags(c, e), cli.OutputFlag(c)
	mend := c.Flags().Bool("mend", false, "write metadata anew where that mends something")
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		var names []string
		for _, arg := range args {
			name, err := parseVG(arg)
			if err != nil {
				return err
			}
			names = append(names, name)
		}
		checked, err := sys.Check(c.Context(), names...)
		if *mend {
			if mendErr := mendVGs(c, sys, checked); mendErr != nil {
				return errors.Join(err, mendErr)
			}
			checked, err = sys.Check(c.Context(), names...)
		}
		return printChecked(c, format, checked, errors.Join(err, faultsError(checked)))
	})
	return c
}

// mendVGs writes the VGs anew that a write mends.
func mendVGs(c *cobra.Command, sys *lvm.System, checked []lvm.Checked) error {
	var names []string
	for _, g := range checked {
		for _, f := range g.Faults {
			if name := cmp.Or(f.VG, g.VG); f.MendedByWrite() && name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return cli.Each(names, func(name string) error {
		change, err := sys.Mend(c.Context(), name)
		warn(c, change)
		return explain(err)
	})
}

// printChecked prints what is wrong, and returns err.
func printChecked(c *cobra.Command, format *cli.Format, checked []lvm.Checked, err error) error {
	var views []checkView
	for _, g := range checked {
		v := checkView{VG: g.VG, UUID: g.ID.String(), Seqno: g.Seqno, Faults: []faultView{}}
		for _, f := range g.Faults {
			v.Faults = append(v.Faults, faultView{f.Object, f.Name, f.What, mendOf(cmp.Or(f.VG, g.VG), f)})
		}
		views = append(views, v)
	}
	return printDone(c, format, views, checkTable, err)
}

// mendOf is what can be done about a fault, with the command that does it.
func mendOf(vg string, f *lvm.Fault) string {
	command := ""
	switch {
	case f.MendedByWrite():
		command = "rok vg check --mend " + vg
	case errors.Is(f, lvm.ErrMissingPV):
		command = "rok pv restore DEV, where it has lost its label; rok vg reduce " + vg + " --missing"
	case errors.Is(f, lvm.ErrConflict):
		command = "rok vg restore " + vg
	case errors.Is(f, lvm.ErrSameName):
		command = "rok vg rename UUID NAME"
	}
	if command == "" || f.Mend == "" {
		return f.Mend
	}
	return f.Mend + ": " + command
}

func checkTable(views []checkView) *cli.Table {
	t := &cli.Table{Columns: []string{"VG", "OBJECT", "FAULT", "MEND"}}
	for _, v := range views {
		if len(v.Faults) == 0 {
			t.Add(v.VG, "", "none", "")
		}
		for _, f := range v.Faults {
			t.Add(v.VG, f.Object+" "+f.Name, f.What, f.Mend)
		}
	}
	return t
}

// faultsError is what a check that found something exits with.
func faultsError(checked []lvm.Checked) error {
	n, code := 0, cli.Done
	for _, g := range checked {
		n += len(g.Faults)
		for _, f := range g.Faults {
			switch {
			case errors.Is(f, lvm.ErrLimit):
				code = max(code, cli.NoSpace)
			case errors.Is(f, lvm.ErrForeign):
				code = max(code, cli.Refused)
			default:
				code = cli.Corrupt
			}
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return &cli.Error{Err: errors.New("1 fault"), Code: code}
	}
	return &cli.Error{Err: fmt.Errorf("%d faults", n), Code: code}
}
