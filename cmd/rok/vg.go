package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

func vgCommand(e *env) *cobra.Command {
	c := cli.Group("vg", "", asked(e, "vg", vgCommands())...)
	c.Long = `Volume groups, as LVM2 has them: lvm2 may use the same ones at any moment.

--image FILE names files that hold PVs, which are then the only ones.`
	c.Example = "  rok vg ls\n  rok vg create backup /dev/sdc"
	return c
}

func vgLs(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "ls [VG...]",
		Short:   "List volume groups",
		Long:    "List the volume groups, or those that are named, by name. @TAG stands for those with a tag.",
		Example: "  rok vg ls\n  rok vg ls data -o json",
	}
	s, format := storageFlags(c, e), cli.OutputFlag(c)
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.looking(func(c *cobra.Command, sys *lvm.System, args []string) error {
		scan, err := sys.Scan(c.Context(), lvm.ScanOptions{})
		if err != nil {
			return err
		}
		groups, err := chooseVGs(scan, args)
		return printVGs(c, format, groups, err)
	})
	return c
}

// chooseVGs are the VGs that are named, by name, ID or tag; no names: all.
func chooseVGs(scan *lvm.Scan, args []string) ([]*lvm.DiskVG, error) {
	if len(args) == 0 {
		return scan.VGs, nil
	}
	var chosen []*lvm.DiskVG
	err := cli.Each(args, func(arg string) error {
		if arg != "" && arg[0] == '@' {
			for _, g := range scan.VGs {
				if hasTag(arg, g.VG.Tags) && !slices.Contains(chosen, g) {
					chosen = append(chosen, g)
				}
			}
			return nil
		}
		name, err := parseVG(arg)
		if err != nil {
			return err
		}
		g, err := scan.VG(name)
		if err != nil {
			return nearestVG(scan, name, explain(err))
		}
		if !slices.Contains(chosen, g) {
			chosen = append(chosen, g)
		}
		return nil
	})
	return chosen, err
}

// printVGs prints VGs, and returns err.
func printVGs(c *cobra.Command, format *cli.Format, groups []*lvm.DiskVG, err error) error {
	var lines []lvm.VGReport
	for _, g := range groups {
		lines = append(lines, g.Report())
	}
	return printDone(c, format, lines, vgTable, err)
}

// listVGs scans once more, prints what the named VGs are now, and returns err.
func listVGs(c *cobra.Command, format *cli.Format, sys *lvm.System, err error, names ...string) error {
	if len(names) == 0 {
		return printVGs(c, format, nil, err)
	}
	scan, scanErr := sys.Scan(c.Context(), lvm.ScanOptions{})
	if scanErr != nil {
		return errors.Join(err, scanErr)
	}
	groups, chooseErr := chooseVGs(scan, names)
	return printVGs(c, format, groups, errors.Join(err, chooseErr))
}

func vgCreate(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "create VG PV...",
		Short: "Make a volume group of devices",
		Long: `Make a volume group of devices. Those that are no physical volumes become some; what
they hold is named, and overwritten only with --force.`,
		Example: "  rok vg create backup /dev/sdc\n  rok vg create --extent-size 64M --tag cold backup /dev/sdc",
		Args:    cli.Args(1, -1),
	}
	s, format, layout := storageFlags(c, e), cli.ResultFlag(c), layoutFlags(c, false)
	f := c.Flags()
	r := lvm.CreateVG{}
	extent := sizeFlag(f, "extent-size", "s", "the size of extents (default 4MiB)")
	f.Uint32VarP(&r.MaxLV, "max-lv", "l", 0, "have at most `N` volumes; 0 is no limit")
	f.Uint32VarP(&r.MaxPV, "max-pv", "p", 0, "have at most `N` physical volumes; 0 is no limit")
	f.Uint32Var(&r.MetadataCopies, "metadata-copies", 0, "keep metadata in `N` areas; 0 is in all")
	f.StringVar(&r.SystemID, "system-id", "", "give it to the host with this `ID`")
	alloc, auto := policyFlag(f, "how volumes get extents (default normal)"), yesNoFlag(f, "autoactivate", "", "activate it when the machine starts")
	tags := newTags(c)
	lvm2Spellings(c, layoutSpellings())
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		var err error
		if r.Name, err = parseVG(args[0]); err != nil {
			return err
		}
		devices, err := s.imagesAsPVs(c, args[1:])
		if err != nil {
			return err
		}
		if err := checkTags(*tags); err != nil {
			return err
		}
		if r.ExtentSize, err = extent.bytes.Sectors(); err != nil {
			return cli.Usagef("--extent-size: %v", err)
		}
		r.Tags, r.Allocation, r.NoAutoActivate = *tags, alloc.or(lvm.AllocInherit), !auto.or(true)
		o, err := layout.options(0)
		if err != nil {
			return err
		}
		change, err := sys.CreateVG(c.Context(), r, devices, o)
		return afterVG(c, format, sys, r.Name, change, err)
	})
	return c
}

// afterVG ends a command that changed a VG, and prints it.
func afterVG(c *cobra.Command, format *cli.Format, sys *lvm.System, name string, change *lvm.Change, err error) error {
	warn(c, change)
	if err = unchanged(c, withNearestLVM(c, sys, name, explain(err))); err != nil {
		return err
	}
	return listVGs(c, format, sys, nil, name)
}

func vgExtend(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "extend VG PV...",
		Short: "Add devices to a volume group",
		Long: `Add devices to a volume group. Those that are no physical volumes become some; what
they hold is named, and overwritten only with --force. --restore-missing takes back
physical volumes that were away when the group was written last.`,
		Example: "  rok vg extend data /dev/sdc",
		Args:    cli.Args(1, -1),
	}
	s, format, layout := storageFlags(c, e), cli.ResultFlag(c), layoutFlags(c, false)
	again := c.Flags().Bool("restore-missing", false, "take PVs back that the group says are missing")
	lvm2Spellings(c, layoutSpellings())
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		name, err := parseVG(args[0])
		if err != nil {
			return err
		}
		devices, err := s.imagesAsPVs(c, args[1:])
		if err != nil {
			return err
		}
		if *again {
			change, err := sys.RestoreMissing(c.Context(), name, devices)
			return afterVG(c, format, sys, name, change, err)
		}
		o, err := layout.options(0)
		if err != nil {
			return err
		}
		change, err := sys.ExtendVG(c.Context(), name, devices, o)
		return afterVG(c, format, sys, name, change, err)
	})
	return c
}

func vgReduce(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "reduce VG [PV...]",
		Short: "Take physical volumes out of a volume group",
		Long: `Take physical volumes out of a volume group: those that are named, --all that nothing
lies on, or those --missing. They stay physical volumes.`,
		Example: "  rok vg reduce data /dev/sdb\n  rok vg reduce data --all",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	all := c.Flags().BoolP("all", "a", false, "all that nothing lies on, but for one")
	missing := c.Flags().Bool("missing", false, "those whose devices are gone")
	force := c.Flags().BoolP("force", "f", false, "with --missing: also the volumes that lie on them, whose data is gone")
	lvm2Spellings(c, map[string]string{"removemissing": "missing"})
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		name, err := parseVG(args[0])
		switch chosen := len(args) > 1; {
		case err != nil:
			return err
		case *missing && (*all || chosen), *all && chosen:
			return cli.Usagef("PVs, --all and --missing exclude each other")
		case *missing:
			change, err := sys.RemoveMissing(c.Context(), name, *force, lvm.ChangeOptions{Deactivate: *force})
			if errors.Is(err, lvm.ErrInUse) && !*force {
				err = &cli.Error{Err: err, Next: "--force removes them, whose data is gone"}
			}
			return afterVG(c, format, sys, name, change, err)
		case !*all && !chosen:
			return cli.Usagef("which ones? want PVs, --all or --missing")
		}
		change, err := sys.ReduceVG(c.Context(), name, args[1:])
		return afterVG(c, format, sys, name, change, err)
	})
	return c
}

func vgRename(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "rename VG NAME",
		Short:   "Give a volume group another name",
		Long:    "Give a volume group, which its UUID may stand for, another name. Active volumes follow.",
		Example: "  rok vg rename data store",
		Args:    cli.Args(2, 2),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		from, err := parseVG(args[0])
		if err != nil {
			return err
		}
		to, err := parseVG(args[1])
		if err != nil {
			return err
		}
		change, err := sys.RenameVG(c.Context(), from, to)
		return afterVG(c, format, sys, to, change, withNearestLVM(c, sys, from, err))
	})
	return c
}

func vgRm(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "rm VG...",
		Short: "Remove volume groups",
		Long: `Remove volume groups, whose devices stay physical volumes. A group with volumes is
refused, unless --force removes them too: what they hold is lost.`,
		Example: "  rok vg rm empty\n  rok vg rm --force data",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	force := c.Flags().BoolP("force", "f", false, "with all of its volumes")
	c.Flags().BoolVarP(force, "yes", "y", false, "the same")
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		var gone []lvm.VGReport
		err := cli.Each(args, func(arg string) error {
			name, err := parseVG(arg)
			if err != nil {
				return err
			}
			change, err := sys.RemoveVG(c.Context(), name, *force, lvm.ChangeOptions{Deactivate: *force})
			warn(c, change)
			if err != nil {
				return withNearestLVM(c, sys, name, explain(err))
			}
			gone = append(gone, change.Before.Report())
			return nil
		})
		return printDone(c, format, gone, vgTable, err)
	})
	return c
}

func vgChange(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "change VG...",
		Short:   "Change volume groups",
		Long:    "Change what volume groups are like. What is not given stays.",
		Example: "  rok vg change --max-lv 16 data\n  rok vg change --alloc cling --autoactivate n data",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	f := c.Flags()
	alloc, resizeable := policyFlag(f, "how volumes get extents"), yesNoFlag(f, "resizeable", "x", "whether PVs may join and leave")
	auto := yesNoFlag(f, "autoactivate", "", "activate it when the machine starts")
	maxLV := f.Uint32P("max-lv", "l", 0, "have at most `N` volumes; 0 is no limit")
	maxPV := f.Uint32P("max-pv", "p", 0, "have at most `N` physical volumes; 0 is no limit")
	copies := f.Uint32("metadata-copies", 0, "keep metadata in `N` areas; 0 is in all")
	system := f.String("system-id", "", "give it to the host with this `ID`; empty: to all")
	newID := f.BoolP("new-uuid", "u", false, "give it a new UUID, as a copy needs it")
	active := yesNoFlag(f, "activate", "a", "activate or deactivate all of its volumes, as rok vg activate does")
	lvm2Spellings(c, layoutSpellings())
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		op := lvm.ChangeVG{Allocation: alloc.policy, Resizeable: resizeable.value, AutoActivate: auto.value}
		for name, set := range map[string]func(){
			"max-lv":          func() { op.MaxLV = maxLV },
			"max-pv":          func() { op.MaxPV = maxPV },
			"metadata-copies": func() { op.MetadataCopies = copies },
			"system-id":       func() { op.SystemID = system },
			"new-uuid":        func() { id := lvm.NewID(); op.ID = &id },
		} {
			if f.Changed(name) && (name != "new-uuid" || *newID) {
				set()
			}
		}
		if op == (lvm.ChangeVG{}) && active.value == nil {
			return cli.Usagef("nothing to change: %s -h shows what can be", c.CommandPath())
		}
		var done []string
		err := cli.Each(args, func(arg string) error {
			name, err := parseVG(arg)
			if err != nil {
				return err
			}
			if op != (lvm.ChangeVG{}) {
				change, err := sys.Change(c.Context(), name, lvm.ChangeOptions{}, op)
				warn(c, change)
				if err = unchanged(c, withNearestLVM(c, sys, name, explain(err))); err != nil {
					return err
				}
			}
			if err := setActive(c, sys, name, active); err != nil {
				return err
			}
			done = append(done, name)
			return nil
		})
		return listVGs(c, format, sys, err, done...)
	})
	return c
}

// setActive follows the flag --activate.
func setActive(c *cobra.Command, sys *lvm.System, vg string, active *yesNo) error {
	switch {
	case active.value == nil:
		return nil
	case *active.value:
		_, err := sys.Activate(c.Context(), vg, nil, lvm.ActivateOptions{})
		return explain(err)
	}
	_, err := sys.Deactivate(c.Context(), vg, nil)
	return explain(err)
}

func vgTag(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "tag VG...",
		Short:   "Add tags to volume groups, or take them away",
		Long:    "Add tags to volume groups, or take them away.",
		Example: "  rok vg tag --add prod data\n  rok vg tag --del prod data",
		Args:    cli.Args(1, -1),
	}
	s, format, tags := storageFlags(c, e), cli.ResultFlag(c), tagFlags(c)
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		if err := tags.check(); err != nil {
			return err
		}
		var done []string
		err := cli.Each(args, func(arg string) error {
			name, err := parseVG(arg)
			if err != nil {
				return err
			}
			change, err := sys.Change(c.Context(), name, lvm.ChangeOptions{}, lvm.TagVG{Add: tags.add, Remove: tags.remove})
			warn(c, change)
			if err != nil {
				return withNearestLVM(c, sys, name, explain(err))
			}
			done = append(done, name)
			return nil
		})
		return listVGs(c, format, sys, err, done...)
	})
	return c
}
