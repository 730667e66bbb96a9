package main

import (
	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

// activation are the flags of how volumes are activated.
type activation struct{ skip, partial, degraded, readOnly *bool }

func activationFlags(c *cobra.Command) *activation {
	f := c.Flags()
	return &activation{
		skip:     f.BoolP("ignore-activation-skip", "K", false, "also volumes that are to be skipped, as snapshots are"),
		partial:  f.BoolP("partial", "P", false, "also volumes with extents on missing PVs, which then read as errors"),
		degraded: f.Bool("degraded", false, "also volumes that have lost redundancy, and no data"),
		readOnly: f.Bool("read-only", false, "let nobody write to them"),
	}
}

func (a *activation) options() lvm.ActivateOptions {
	o := lvm.ActivateOptions{IgnoreSkip: *a.skip, ReadOnly: *a.readOnly}
	switch {
	case *a.partial:
		o.Mode = lvm.ActivatePartial
	case *a.degraded:
		o.Mode = lvm.ActivateDegraded
	}
	return o
}

func vgActivate(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "activate VG...",
		Short: "Make the volumes of volume groups available",
		Long: `Make all volumes of volume groups available, below /dev/VG. What is active already
is left alone, or made what it should be.`,
		Example: "  rok vg activate data",
		Args:    cli.Args(1, -1),
	}
	s, format, how := storageFlags(c, e), cli.ResultFlag(c), activationFlags(c)
	lvm2Spellings(c, nil)
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		return eachVG(c, format, sys, args, func(vg string) error {
			_, err := sys.Activate(c.Context(), vg, nil, how.options())
			return err
		})
	})
	return c
}

func vgDeactivate(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "deactivate VG...",
		Short:   "Make the volumes of volume groups unavailable",
		Long:    "Make all volumes of volume groups unavailable. One that is in use is named with what uses it.",
		Example: "  rok vg deactivate data",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	c.ValidArgsFunction = completeVGs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		return eachVG(c, format, sys, args, func(vg string) error {
			_, err := sys.Deactivate(c.Context(), vg, nil)
			return err
		})
	})
	return c
}

// eachVG calls do for each VG, and prints the volumes of those for which it
// succeeded.
func eachVG(c *cobra.Command, format *cli.Format, sys *lvm.System, args []string, do func(vg string) error) error {
	var lines []lvm.LVReport
	err := cli.Each(args, func(arg string) error {
		name, err := parseVG(arg)
		if err != nil {
			return err
		}
		if err := do(name); err != nil {
			return withNearestLVM(c, sys, name, explain(err))
		}
		more, err := reportVG(c, sys, name, false)
		lines = append(lines, more...)
		return err
	})
	return printDone(c, format, lines, lvTable, err)
}
