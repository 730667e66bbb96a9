package main

import (
	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

func lvActivate(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "activate LV|@TAG...",
		Short: "Make logical volumes available",
		Long: `Make logical volumes available, below /dev/VG. What is active already is left alone, or
made what it should be.`,
		Example: "  rok lv activate data/home",
		Args:    cli.Args(1, -1),
	}
	s, format, how := storageFlags(c, e), cli.ResultFlag(c), activationFlags(c)
	lvm2Spellings(c, nil)
	c.ValidArgsFunction = completeLVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		names, err := selectLVs(c, sys, args)
		if err != nil {
			return err
		}
		return eachLVGroup(c, format, sys, names, func(vg string, lvs []string) (*lvm.Change, error) {
			return sys.Activate(c.Context(), vg, lvs, how.options())
		})
	})
	return c
}

func lvDeactivate(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "deactivate LV|@TAG...",
		Short:   "Make logical volumes unavailable",
		Long:    "Make logical volumes unavailable. One that is in use is named with what uses it.",
		Example: "  rok lv deactivate data/home",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	c.ValidArgsFunction = completeLVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		names, err := selectLVs(c, sys, args)
		if err != nil {
			return err
		}
		return eachLVGroup(c, format, sys, names, func(vg string, lvs []string) (*lvm.Change, error) {
			return sys.Deactivate(c.Context(), vg, lvs)
		})
	})
	return c
}
