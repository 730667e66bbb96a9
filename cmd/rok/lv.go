package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

func lvCommand(e *env) *cobra.Command {
	c := cli.Group("lv", "", asked(e, "lv", lvCommands())...)
	c.Long = `Logical volumes: linear, striped, thin pools and thin volumes, and snapshots.

LV is VG/NAME, or a path such as /dev/VG/NAME. Several in one command cost one write of
the group's metadata. --image FILE names files that hold PVs, which are then the only ones.`
	c.Example = "  rok lv ls\n  rok lv create data/new --size 1G"
	return c
}

func lvLs(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "ls [VG|LV|@TAG...]",
		Short: "List logical volumes",
		Long: `List the logical volumes: all, those of groups, or those that are named. @TAG stands for
those that have a tag, or whose group has it.`,
		Example: "  rok lv ls\n  rok lv ls data --segments\n  rok lv ls data/home -o json",
	}
	s, format := storageFlags(c, e), cli.OutputFlag(c)
	all := c.Flags().BoolP("all", "a", false, "also the parts of volumes, in brackets")
	segments := c.Flags().Bool("segments", false, "a line for each segment: what it is, and where")
	c.ValidArgsFunction = completeLVs(s)
	c.RunE = s.looking(func(c *cobra.Command, sys *lvm.System, args []string) error {
		wants, err := parseSelection(args)
		if err != nil {
			return err
		}
		scan, err := sys.Scan(c.Context(), lvm.ScanOptions{VG: wants.onlyVG()})
		if err != nil {
			return err
		}
		chosen, err := wants.choose(scan)
		if *segments {
			return printSegments(c, format, sys, chosen, *all, err)
		}
		lines, reportErr := reportChosen(c, sys, chosen, *all)
		return printDone(c, format, lines, lvTable, errors.Join(err, reportErr))
	})
	return c
}

func printSegments(c *cobra.Command, format *cli.Format, sys *lvm.System, chosen []chosenLVs, all bool, err error) error {
	var lines []lvm.SegmentReport
	for _, g := range chosen {
		state, stateErr := sys.States(g.group.VG, g.names...)
		if stateErr != nil {
			return errors.Join(err, stateErr)
		}
		lines = append(lines, g.group.View().ReportSegments(all, state, g.names...)...)
	}
	return printDone(c, format, lines, segmentTable, err)
}

func reportChosen(_ *cobra.Command, sys *lvm.System, chosen []chosenLVs, all bool) ([]lvm.LVReport, error) {
	var lines []lvm.LVReport
	for _, g := range chosen {
		state, err := sys.States(g.group.VG, g.names...)
		if err != nil {
			return lines, err
		}
		more := g.group.View().ReportLVs(all, state, g.names...)
		if lines == nil {
			lines = more // not copied: there may be ten thousand
			continue
		}
		lines = append(lines, more...)
	}
	return lines, nil
}

// reportVG are the lines of all LVs of one VG, as they are now; or of those that
// are named.
func reportVG(c *cobra.Command, sys *lvm.System, vg string, hidden bool, names ...string) ([]lvm.LVReport, error) {
	scan, err := sys.Scan(c.Context(), lvm.ScanOptions{VG: vg})
	if err != nil {
		return nil, err
	}
	g, err := scan.VG(vg)
	if err != nil {
		return nil, err
	}
	return reportChosen(c, sys, []chosenLVs{{g, names}}, hidden)
}

// printChanged prints the named LVs of a VG that was changed.
func printChanged(c *cobra.Command, format *cli.Format, sys *lvm.System, change *lvm.Change, names []string) error {
	if format.None() {
		return nil
	}
	var lines []lvm.LVReport
	state, err := sys.StatesAfter(change, names...)
	if err == nil {
		lines = change.After.ReportLVs(true, state, names...)
	}
	return printDone(c, format, lines, lvTable, err)
}

// changedLines are the lines of the named LVs of a VG.
func changedLines(sys *lvm.System, vg *lvm.VG, names []string) ([]lvm.LVReport, error) {
	if vg == nil {
		return nil, nil
	}
	state, err := sys.States(vg, names...)
	if err != nil {
		return nil, err
	}
	return vg.ReportLVs(true, state, names...), nil
}

// eachLVGroup changes LVs of one VG or several, each VG in one commit, and prints
// what became of the LVs; where they are gone, what they were.
func eachLVGroup(c *cobra.Command, format *cli.Format, sys *lvm.System, names []lvName, do func(vg string, lvs []string) (*lvm.Change, error)) error {
	vgs, lvs := byVG(names)
	var lines []lvm.LVReport
	err := cli.Each(vgs, func(vg string) error {
		change, err := do(vg, lvs[vg])
		warn(c, change)
		if errors.Is(err, lvm.ErrUnchanged) {
			more, reportErr := reportVG(c, sys, vg, true, lvs[vg]...)
			lines = append(lines, more...)
			return errors.Join(unchanged(c, err), reportErr)
		}
		if err != nil {
			return withNearestLVM(c, sys, vg, explain(err))
		}
		shown, of := lvs[vg], change.After
		if of == nil || len(shown) > 0 && of.LV(shown[0]) == nil {
			of = change.Before
		}
		more, err := changedLines(sys, of, shown)
		lines = append(lines, more...)
		return err
	})
	return printDone(c, format, lines, lvTable, err)
}

func lvTag(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "tag LV...",
		Short:   "Add tags to logical volumes, or take them away",
		Long:    "Add tags to logical volumes, or take them away.",
		Example: "  rok lv tag --add db data/home\n  rok lv tag --del db data/home",
		Args:    cli.Args(1, -1),
	}
	s, format, tags := storageFlags(c, e), cli.ResultFlag(c), tagFlags(c)
	c.ValidArgsFunction = completeLVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		if err := tags.check(); err != nil {
			return err
		}
		names, err := parseLVs(args)
		if err != nil {
			return err
		}
		return eachLVGroup(c, format, sys, names, func(vg string, lvs []string) (*lvm.Change, error) {
			var ops []lvm.Op
			for _, lv := range lvs {
				ops = append(ops, lvm.TagLV{Name: lv, Add: tags.add, Remove: tags.remove})
			}
			return sys.Change(c.Context(), vg, lvm.ChangeOptions{}, ops...)
		})
	})
	return c
}

func lvRename(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "rename LV NAME",
		Short:   "Give a logical volume another name",
		Long:    "Give a logical volume another name, in the same group. An active one follows.",
		Example: "  rok lv rename data/home users\n  rok lv rename data home users",
		Args:    cli.Args(2, 3),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	c.ValidArgsFunction = completeLVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		from, to, err := renameNames(args)
		if err != nil {
			return err
		}
		change, err := sys.Change(c.Context(), from.vg, lvm.ChangeOptions{}, lvm.RenameLV{Name: from.lv, To: to})
		warn(c, change)
		if errors.Is(err, lvm.ErrUnchanged) {
			lines, reportErr := reportVG(c, sys, from.vg, true, to)
			return printDone(c, format, lines, lvTable, errors.Join(unchanged(c, err), reportErr))
		}
		if err != nil {
			return withNearestLVM(c, sys, from.vg, explain(err))
		}
		return printChanged(c, format, sys, change, []string{to})
	})
	return c
}

// renameNames reads VG/OLD NEW, VG/OLD VG/NEW, and lvm2's VG OLD NEW.
func renameNames(args []string) (from lvName, to string, err error) {
	if len(args) == 3 {
		vg, err := parseVG(args[0])
		if err != nil {
			return from, "", err
		}
		args = []string{vg + "/" + args[1], args[2]}
	}
	if from, err = parseLV(args[0]); err != nil {
		return from, "", err
	}
	name, err := parseName(args[1])
	switch {
	case err != nil:
		return from, "", err
	case name.lv == "":
		return from, name.vg, nil
	case name.vg != from.vg:
		return from, "", cli.Usagef("%s is not in VG %s: a volume stays in its group", args[1], from.vg)
	}
	return from, name.lv, nil
}
