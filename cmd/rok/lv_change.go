package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

func lvChange(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:     "change LV...",
		Short:   "Change logical volumes",
		Long:    "Change what logical volumes are like. What is not given stays. Active ones follow.",
		Example: "  rok lv change --permission r data/home\n  rok lv change --set-activation-skip y --read-ahead none data/home",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	f := c.Flags()
	permission := choiceFlag(f, "permission", "p", "whether it can be written to", "rw", "r")
	alloc, readAhead := policyFlag(f, "how it gets extents; inherit: as the group says"), readAheadFlagP(f)
	skip := yesNoFlag(f, "set-activation-skip", "k", "activate it only where that is asked for with -K")
	auto := yesNoFlag(f, "autoactivate", "", "activate it when the machine starts")
	discards := choiceFlag(f, "discards", "", "what a pool does with discards", lvm.DiscardsPassdown, lvm.DiscardsNoPassdown, lvm.DiscardsIgnore)
	zero := yesNoFlag(f, "zero", "Z", "whether a pool zeroes new blocks")
	full := yesNoFlag(f, "error-when-full", "", "a full pool fails writes at once, instead of holding them")
	active := yesNoFlag(f, "activate", "a", "activate or deactivate it, as rok lv activate does")
	lvm2Spellings(c, map[string]string{"setautoactivation": "autoactivate"})
	c.ValidArgsFunction = completeLVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		names, err := selectLVs(c, sys, args)
		if err != nil {
			return err
		}
		op := lvm.ChangeLV{
			Allocation: alloc.policy, ReadAhead: readAhead.value, ActivationSkip: skip.value, AutoActivate: auto.value,
			ZeroNewBlocks: zero.value, ErrorWhenFull: full.value,
		}
		if discards.value != "" {
			op.Discards = &discards.value
		}
		if permission.value != "" {
			writable := permission.value == "rw"
			op.Writable = &writable
		}
		if op == (lvm.ChangeLV{}) && active.value == nil {
			return cli.Usagef("nothing to change: %s -h shows what can be", c.CommandPath())
		}
		return eachLVGroup(c, format, sys, names, func(vg string, lvs []string) (*lvm.Change, error) {
			change := new(lvm.Change)
			if op != (lvm.ChangeLV{}) {
				var ops []lvm.Op
				for _, lv := range lvs {
					one := op
					one.Name = lv
					ops = append(ops, one)
				}
				if change, err = sys.Change(c.Context(), vg, lvm.ChangeOptions{}, ops...); err != nil {
					return change, err
				}
			}
			switch {
			case active.value == nil:
				return change, nil
			case *active.value:
				return sys.Activate(c.Context(), vg, lvs, lvm.ActivateOptions{})
			}
			return sys.Deactivate(c.Context(), vg, lvs)
		})
	})
	return c
}

func lvRm(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "rm LV|@TAG...",
		Short: "Remove logical volumes",
		Long: `Remove logical volumes. Active ones are refused without --yes; one that is in use is
refused always. Snapshots of a volume, and the volumes of a pool, are in its way, and go along
with it by --with-dependents.`,
		Example: "  rok lv rm data/home --yes\n  rok lv rm data/home data/swap",
		Args:    cli.Args(1, -1),
	}
	s, format := storageFlags(c, e), cli.ResultFlag(c)
	yes := c.Flags().BoolP("yes", "y", false, "also active ones")
	c.Flags().BoolVarP(yes, "force", "f", false, "the same")
	dependents := c.Flags().Bool("with-dependents", false, "also what is built on them")
	lvm2Spellings(c, nil)
	c.ValidArgsFunction = completeLVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		names, err := selectLVs(c, sys, args)
		if err != nil {
			return err
		}
		return eachLVGroup(c, format, sys, names, func(vg string, lvs []string) (*lvm.Change, error) {
			o := lvm.ChangeOptions{Deactivate: *yes}
			return sys.ChangeWith(c.Context(), vg, o, func(g *lvm.DiskVG) ([]lvm.Op, error) {
				return eachOp(removalOrder(g.VG, lvs), func(lv string) (lvm.Op, error) {
					return lvm.RemoveLV{Name: lv, WithDependents: *dependents}, nil
				})
			})
		})
	})
	return c
}

// removalOrder is an order in which LVs can be removed that stand on each other:
// snapshots first, then thin volumes, pools last.
func removalOrder(vg *lvm.VG, names []string) []string {
	ranks := make(map[string]int, len(names))
	for _, name := range names {
		ranks[name] = 2
	}
	for _, lv := range vg.LVs {
		if _, named := ranks[lv.Name]; named {
			ranks[lv.Name] = removalRank(lv)
		}
	}
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return ranks[a] - ranks[b] })
	return names
}

func removalRank(lv *lvm.LV) int {
	if len(lv.Segments) == 1 {
		switch lv.Segments[0].Type.(type) {
		case *lvm.ThinPool:
			return 3
		case *lvm.Thin:
			return 1
		}
		if !lv.Visible() { // the store of a snapshot
			return 0
		}
	}
	return 2
}
