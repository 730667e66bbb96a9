package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

func pvCommand(e *env) *cobra.Command {
	c := cli.Group("pv", "", asked(e, "pv", pvCommands())...)
	c.Long = `Physical volumes: the devices that volume groups are made of.

PV is the path of a device, or the UUID of the PV on it. --image FILE names files
that hold PVs, which are then the only ones.`
	c.Example = "  rok pv ls\n  rok pv create /dev/sdc"
	return c
}

func pvLs(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "ls [PV...]",
		Short:   "List physical volumes",
		Long:    "List the physical volumes, or those that are named, by device.",
		Example: "  rok pv ls\n  rok pv ls /dev/sda -o json",
	}
	s, format := storageFlags(c, e), cli.OutputFlag(c)
	c.ValidArgsFunction = completePVs(s)
	c.RunE = s.looking(func(c *cobra.Command, sys *lvm.System, args []string) error {
		scan, err := sys.Scan(c.Context(), lvm.ScanOptions{})
		if err != nil {
			return err
		}
		return printPVs(c, format, scan, args, nil)
	})
	return c
}

// printPVs prints the PVs that are named, no names: all, and returns err.
func printPVs(c *cobra.Command, format *cli.Format, scan *lvm.Scan, names []string, err error) error {
	lines := scan.ReportPVs()
	if len(names) == 0 {
		return printDone(c, format, lines, pvTable, err)
	}
	var chosen []lvm.PVReport
	findErr := cli.Each(names, func(name string) error {
		pv, err := scan.FindPV(name)
		if err != nil {
			return nearestPV(scan, name, err)
		}
		for _, l := range lines {
			if l.UUID == pv.ID().String() {
				chosen = append(chosen, l)
				break
			}
		}
		return nil
	})
	return printDone(c, format, chosen, pvTable, errors.Join(err, findErr))
}

// listPVs scans once more, prints what the named PVs are now, and returns err.
func listPVs(c *cobra.Command, format *cli.Format, sys *lvm.System, names []string, err error) error {
	if len(names) == 0 {
		return printDone(c, format, nil, pvTable, err)
	}
	scan, scanErr := sys.Scan(c.Context(), lvm.ScanOptions{})
	if scanErr != nil {
		return errors.Join(err, scanErr)
	}
	return printPVs(c, format, scan, names, err)
}

func pvCreate(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "create DEV...",
		Short: "Make devices physical volumes",
		Long: `Make devices, partitions or files physical volumes of no volume group. One that is
mounted, or a part of something, is refused; and so is one that holds something
else, which is named, unless --force is given.`,
		Example: "  rok pv create /dev/sdc\n  rok pv create --metadata-size 16M /dev/sdc",
		Args:    cobra.ArbitraryArgs,
	}
	s, format, layout := storageFlags(c, e), cli.ResultFlag(c), layoutFlags(c, true)
	lvm2Spellings(c, layoutSpellings())
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		args, err := s.imagesAsPVs(c, args)
		if err != nil {
			return err
		}
		o, err := layout.options(len(args))
		if err != nil {
			return err
		}
		made, err := sys.CreatePVs(c.Context(), args, o)
		return listPVs(c, format, sys, pathsOf(made), explain(err))
	})
	return c
}

func pathsOf(pvs []*lvm.DiskPV) (paths []string) {
	for _, pv := range pvs {
		paths = append(paths, pv.Device.Path)
	}
	return paths
}

func pvRm(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "rm PV...",
		Short: "Make physical volumes plain devices again",
		Long: `Overwrite the labels of physical volumes that are in no volume group. With --force
also of those that say that they are in one that was not found.`,
		Example: "  rok pv rm /dev/sdb",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	force := c.Flags().BoolP("force", "f", false, "also what says that it is in use")
	c.ValidArgsFunction = completePVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		before, err := sys.Scan(c.Context(), lvm.ScanOptions{})
		if err != nil {
			return err
		}
		gone, err := sys.RemovePVs(c.Context(), args, *force)
		return printGonePVs(c, format, before, gone, explain(err))
	})
	return c
}

// printGonePVs prints what PVs were, and returns err.
func printGonePVs(c *cobra.Command, format *cli.Format, before *lvm.Scan, gone []*lvm.DiskPV, err error) error {
	var lines []lvm.PVReport
	for _, l := range before.ReportPVs() {
		for _, pv := range gone {
			if l.UUID == pv.ID().String() {
				lines = append(lines, l)
			}
		}
	}
	return printDone(c, format, lines, pvTable, err)
}

func pvResize(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "resize PV...",
		Short: "Give physical volumes the size of their devices",
		Long: `Give physical volumes the size that their devices have now, or --size. Extents that
volumes have are not cut off.`,
		Example: "  rok pv resize /dev/sda\n  rok pv resize --size 1G /dev/sda",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	size := sizeFlag(c.Flags(), "size", "", "the size, if not the device's")
	lvm2Spellings(c, map[string]string{"setphysicalvolumesize": "size"})
	c.ValidArgsFunction = completePVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		var done []string
		err := cli.Each(args, func(name string) error {
			err := sys.ResizePV(c.Context(), name, size.bytes)
			if err == nil {
				done = append(done, name)
			}
			return explain(err)
		})
		return listPVs(c, format, sys, done, err)
	})
	return c
}

func pvChange(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "change PV...",
		Short:   "Allow or forbid allocation on physical volumes",
		Long:    "Say whether volumes may get extents of physical volumes.",
		Example: "  rok pv change --allocatable n /dev/sda",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	allocatable := yesNoFlag(c.Flags(), "allocatable", "x", "whether volumes may get extents of it")
	c.ValidArgsFunction = completePVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		if allocatable.value == nil {
			return cli.Usagef("nothing to change: want --allocatable y or n; tags are changed by rok pv tag")
		}
		changes, err := sys.ChangePVs(c.Context(), args, func(_ *lvm.DiskVG, id lvm.ID) (lvm.Op, error) {
			return lvm.ChangePV{PV: id, Allocatable: *allocatable.value}, nil
		})
		return afterPVs(c, format, sys, args, changes, err)
	})
	return c
}

// afterPVs ends a command that changed PVs.
func afterPVs(c *cobra.Command, format *cli.Format, sys *lvm.System, names []string, changes []*lvm.Change, err error) error {
	for _, change := range changes {
		warn(c, change)
	}
	if err = unchanged(c, explain(err)); err != nil && len(changes) == 0 {
		names = nil
	}
	return listPVs(c, format, sys, names, err)
}

func pvTag(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "tag PV...",
		Short:   "Add tags to physical volumes, or take them away",
		Long:    "Add tags to physical volumes of volume groups, or take them away.",
		Example: "  rok pv tag --add fast /dev/sda\n  rok pv tag --del ssd /dev/sda",
		Args:    cli.Args(1, -1),
	}
	s, format, tags := storageFlags(c, e), cli.ResultFlag(c), tagFlags(c)
	c.ValidArgsFunction = completePVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		if err := tags.check(); err != nil {
			return err
		}
		changes, err := sys.ChangePVs(c.Context(), args, func(_ *lvm.DiskVG, id lvm.ID) (lvm.Op, error) {
			return lvm.TagPV{PV: id, Add: tags.add, Remove: tags.remove}, nil
		})
		return afterPVs(c, format, sys, args, changes, err)
	})
	return c
}

func pvRestore(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "restore DEV",
		Short: "Write the label of a physical volume that has lost it",
		Long: `Write the label of a physical volume that has lost it: by what the other volumes of
its group say, or --file, a backup of the group. Extents are not touched. Where the
group's metadata went too, rok vg restore brings it back afterwards.`,
		Example: "  rok pv restore --uuid " + exampleLostPV + " /dev/sdd",
		Args:    cli.Args(1, 1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	uuid := c.Flags().StringP("uuid", "u", "", "the `UUID` of the PV; not needed where only one is missing")
	file := c.Flags().StringP("file", "", "", "a backup `FILE` of its group; - is standard input")
	force := c.Flags().BoolP("force", "f", false, "overwrite what else is on the device")
	lvm2Spellings(c, map[string]string{"restorefile": "file"})
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		r := lvm.RestorePVRequest{Device: args[0], Force: *force}
		var err error
		if *uuid != "" {
			if r.ID, err = lvm.ParseID(*uuid); err != nil {
				return cli.Usagef("--uuid: %v", err)
			}
		}
		if *file != "" {
			if r.VG, err = readBackup(c, *file); err != nil {
				return err
			}
		}
		pv, err := sys.RestorePV(c.Context(), r)
		if err != nil {
			return explain(err)
		}
		return listPVs(c, format, sys, []string{pv.Device.Path}, nil)
	})
	return c
}

// exampleLostPV is what the example's machine has lost.
const exampleLostPV = "aaaaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaaaa"

// layout are the flags of what makes PVs.
type layout struct {
	metadata, alignment, offset, boot, size *bytesFlag
	copies                                  *choice
	uuid                                    *string
	force                                   *bool
}

// layoutFlags gives c the flags of PVs that are made. alone: they are what c is
// about.
func layoutFlags(c *cobra.Command, alone bool) *layout {
	f := c.Flags()
	l := &layout{
		metadata:  sizeFlag(f, "metadata-size", "", "the least size of the metadata area of a new PV"),
		alignment: sizeFlag(f, "data-alignment", "", "align the data of a new PV to multiples of this"),
		offset:    sizeFlag(f, "data-alignment-offset", "", "shift the data of a new PV by this"),
		boot:      sizeFlag(f, "bootloader-size", "", "leave so much for a boot loader on a new PV"),
		copies:    choiceFlag(f, "pv-metadata-copies", "", "metadata areas on a new PV", "0", "1", "2"),
		force:     f.BoolP("force", "f", false, "overwrite what is on devices that become PVs"),
		size:      new(bytesFlag), uuid: new(string),
	}
	if alone {
		l.size = sizeFlag(f, "size", "", "use so much of the device")
		f.StringVarP(l.uuid, "uuid", "u", "", "give the PV this `UUID`")
	}
	return l
}

func layoutSpellings() map[string]string {
	return map[string]string{
		"bootloaderareasize": "bootloader-size", "setphysicalvolumesize": "size", "metadatacopies": "pv-metadata-copies",
		"physicalextentsize": "extent-size", "maxlogicalvolumes": "max-lv", "maxphysicalvolumes": "max-pv",
		"vgmetadatacopies": "metadata-copies", "addtag": "tag", "setautoactivation": "autoactivate",
	}
}

func (l *layout) options(devices int) (o lvm.NewPVOptions, err error) {
	o.Force = *l.force
	o.Layout.MetadataSize, o.Layout.Alignment = l.metadata.bytes, l.alignment.bytes
	o.Layout.AlignmentOffset, o.Layout.BootSize, o.Layout.Size = l.offset.bytes, l.boot.bytes, l.size.bytes
	o.Layout.NoMetadata, o.Layout.SecondArea = l.copies.value == "0", l.copies.value == "2"
	if *l.uuid != "" {
		if devices != 1 {
			return o, cli.Usagef("--uuid is for one device")
		}
		if o.ID, err = lvm.ParseID(*l.uuid); err != nil {
			return o, cli.Usagef("--uuid: %v", err)
		}
	}
	if n := o.Layout.MetadataSize; n%units.SectorSize != 0 {
		return o, cli.Usagef("--metadata-size %v is no whole number of sectors", n)
	}
	return o, nil
}
