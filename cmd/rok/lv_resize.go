package main

import (
	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
)

// lvResizing is what the flags of extend, reduce and resize say.
type lvResizing struct {
	size, extents *amountFlag
	stripes       int
	stripeSize    *bytesFlag
	alloc         *allocFlag
	on            []string
	yes           bool
}

func (r *lvResizing) sizeFlags(c *cobra.Command, usage string) {
	r.size, r.extents = new(amountFlag), &amountFlag{extents: true}
	c.Flags().VarP(r.size, "size", "L", usage)
	c.Flags().VarP(r.extents, "extents", "l", "the same in extents")
}

func (r *lvResizing) growFlags(c *cobra.Command) {
	f := c.Flags()
	f.IntVarP(&r.stripes, "stripes", "i", 0, "spread what is added over `N` PVs")
	r.stripeSize = sizeFlag(f, "stripe-size", "I", "in pieces of this size")
	r.alloc = policyFlag(f, "how it gets extents this time")
	listVar(f, &r.on, "on", "", "use this `PV`, as behind the names; may be repeated")
}

func (r *lvResizing) shrinkFlags(c *cobra.Command) {
	c.Flags().BoolVarP(&r.yes, "yes", "y", false, "also of an active volume: what is in the part that goes is lost")
	force := c.Flags().BoolP("force", "f", false, "the same")
	c.PreRun = func(*cobra.Command, []string) { r.yes = r.yes || *force }
}

// amount is the size that was given, and its sign.
func (r *lvResizing) amount() (lvm.Amount, byte, error) {
	switch {
	case r.size.set() && r.extents.set():
		return lvm.Amount{}, 0, cli.Usagef("--size and --extents exclude each other")
	case r.size.set():
		return r.size.amount, r.size.sign, nil
	case r.extents.set():
		return r.extents.amount, r.extents.sign, nil
	}
	return lvm.Amount{}, 0, cli.Usagef("--size is missing")
}

// split tells names from places: names have the form VG/LV.
func splitPlaces(args []string) (names []lvName, places []string, err error) {
	first, err := parseLV(args[0])
	if err != nil {
		return nil, nil, err
	}
	names = append(names, first)
	for _, arg := range args[1:] {
		n, err := parseLV(arg)
		if err != nil || n.vg != first.vg {
			places = append(places, arg)
			continue
		}
		names = append(names, n)
	}
	return names, places, nil
}

// extend is the operation that makes an LV larger.
func (r *lvResizing) extend(name string, a lvm.Amount, sign byte, place lvm.Place) (lvm.Op, error) {
	stripe, err := r.stripeSize.bytes.Sectors()
	if err != nil {
		return nil, cli.Usagef("--stripe-size: %v", err)
	}
	op := lvm.ExtendLV{Name: name, Stripes: r.stripes, StripeSize: stripe, Allocation: r.alloc.or(lvm.AllocInherit), Place: place}
	if sign == '+' {
		op.By = a
	} else {
		op.To = a
	}
	return op, nil
}

func reduce(name string, a lvm.Amount, sign byte) lvm.Op {
	if sign == '-' {
		return lvm.ReduceLV{Name: name, By: a}
	}
	return lvm.ReduceLV{Name: name, To: a}
}

func lvExtend(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "extend LV... [PV...]",
		Short: "Make logical volumes larger",
		Long: `Make logical volumes larger, active ones too: to --size, or by it where it begins with
a plus. What is in a volume, such as a file system, is not resized. PV, or --on, says where
from: a device, perhaps with ranges of extents behind it, or @TAG.`,
		Example: "  rok lv extend data/home --size +100M\n  rok lv extend data/home --extents +50%FREE /dev/sdb",
		Args:    cli.Args(1, -1),
	}
	s, format, r := storageFlags(c, e), cli.ResultFlag(c), new(lvResizing)
	r.sizeFlags(c, "the new size, or behind a plus how much more: +10G, +25%FREE")
	r.growFlags(c)
	lvm2Spellings(c, nil)
	c.ValidArgsFunction = completeLVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		a, sign, err := r.amount()
		if err == nil && sign == '-' {
			err = cli.Usagef("rok lv reduce makes volumes smaller")
		}
		if err != nil {
			return err
		}
		names, places, err := splitPlaces(args)
		if err != nil {
			return err
		}
		return eachLVGroup(c, format, sys, names, func(vg string, lvs []string) (*lvm.Change, error) {
			return sys.ChangeWith(c.Context(), vg, lvm.ChangeOptions{}, func(g *lvm.DiskVG) ([]lvm.Op, error) {
				place, err := parsePlace(g, append(places, r.on...))
				if err != nil {
					return nil, err
				}
				return eachOp(lvs, func(lv string) (lvm.Op, error) { return r.extend(lv, a, sign, place) })
			})
		})
	})
	return c
}

// eachOp makes an operation for each name.
func eachOp(names []string, op func(string) (lvm.Op, error)) ([]lvm.Op, error) {
	var ops []lvm.Op
	for _, name := range names {
		o, err := op(name)
		if err != nil {
			return nil, err
		}
		ops = append(ops, o)
	}
	return ops, nil
}

func lvReduce(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "reduce LV...",
		Short: "Make logical volumes smaller",
		Long: `Make logical volumes smaller: to --size, or by it where it begins with a minus. What is
in the part that goes is lost, so a file system must be made smaller before; an active
volume is refused without --yes.`,
		Example: "  rok lv reduce data/home --size -100M --yes",
		Args:    cli.Args(1, -1),
	}
	s, format, r := storageFlags(c, e), cli.ResultFlag(c), new(lvResizing)
	r.sizeFlags(c, "the new size, or behind a minus how much less: -10G, -25%LV")
	r.shrinkFlags(c)
	lvm2Spellings(c, nil)
	c.ValidArgsFunction = completeLVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		a, sign, err := r.amount()
		if err == nil && sign == '+' {
			err = cli.Usagef("rok lv extend makes volumes larger")
		}
		if err != nil {
			return err
		}
		names, err := parseLVs(args)
		if err != nil {
			return err
		}
		return eachLVGroup(c, format, sys, names, func(vg string, lvs []string) (*lvm.Change, error) {
			return sys.ChangeWith(c.Context(), vg, lvm.ChangeOptions{}, func(g *lvm.DiskVG) ([]lvm.Op, error) {
				if err := r.mayShrink(sys, g.VG, lvs); err != nil {
					return nil, err
				}
				return eachOp(lvs, func(lv string) (lvm.Op, error) { return reduce(lv, a, sign), nil })
			})
		})
	})
	return c
}

// mayShrink refuses active LVs, unless that was asked for.
func (r *lvResizing) mayShrink(sys *lvm.System, vg *lvm.VG, names []string) error {
	if r.yes {
		return nil
	}
	state, err := sys.States(vg, names...)
	if err != nil || state == nil {
		return err
	}
	for _, name := range names {
		if lv := vg.LV(name); lv != nil && state(lv).Exists {
			return &cli.Error{
				Err:  &lvm.OpError{Op: "reduce LV", Object: vg.Name + "/" + name, Reason: "it is active", Err: lvm.ErrInUse},
				Next: "--yes does it, and what is in the part that goes is lost",
			}
		}
	}
	return nil
}

func lvResize(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "resize LV [PV...]",
		Short: "Make a logical volume larger or smaller",
		Long: `Make a logical volume larger or smaller, as rok lv extend and rok lv reduce do: to
--size, or by it where it has a sign.`,
		Example: "  rok lv resize data/home --size 600M",
		Args:    cli.Args(1, -1),
	}
	s, format, r := storageFlags(c, e), cli.ResultFlag(c), new(lvResizing)
	r.sizeFlags(c, "the new size, or behind a sign how much more or less")
	r.growFlags(c)
	r.shrinkFlags(c)
	lvm2Spellings(c, nil)
	c.ValidArgsFunction = completeLVs(s)
	c.RunE = s.with(func(c *cobra.Command, sys *lvm.System, args []string) error {
		a, sign, err := r.amount()
		if err != nil {
			return err
		}
		names, places, err := splitPlaces(args)
		if err != nil {
			return err
		}
		return eachLVGroup(c, format, sys, names, func(vg string, lvs []string) (*lvm.Change, error) {
			return sys.ChangeWith(c.Context(), vg, lvm.ChangeOptions{}, func(g *lvm.DiskVG) ([]lvm.Op, error) {
				place, err := parsePlace(g, append(places, r.on...))
				if err != nil {
					return nil, err
				}
				return eachOp(lvs, func(lv string) (lvm.Op, error) {
					if sign != '+' && (sign == '-' || smaller(g.VG, lv, a)) {
						return reduce(lv, a, sign), r.mayShrink(sys, g.VG, []string{lv})
					}
					return r.extend(lv, a, sign, place)
				})
			})
		})
	})
	return c
}

// smaller reports whether an absolute size is less than what the LV has.
func smaller(vg *lvm.VG, name string, a lvm.Amount) bool {
	lv := vg.LV(name)
	switch {
	case lv == nil:
		return false
	case a.Extents > 0:
		return a.Extents < lv.Size()
	case a.Size.Percent > 0:
		return a.Size.Of == "LV" && a.Size.Percent < 100
	}
	want := a.Size.Bytes.SectorsRoundUp()
	return lvm.Extents((want+vg.ExtentSize-1)/vg.ExtentSize) < lv.Size()
}
