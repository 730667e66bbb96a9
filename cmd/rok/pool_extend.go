package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
)

func poolExtend(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "extend VG/POOL",
		Short: "Make a thin pool larger, in use or not",
		Long: `Make a thin pool larger: its data to --size, or by it where it begins with a plus; without
--size and --metadata by the step of its policy, or a fifth. Its metadata is made larger
too where it could not map all of the data.

A pool that is out of data space works again, and writes that waited go on; one that is
out of metadata space must be repaired. New volumes are no longer refused in it.`,
		Example: "  rok pool extend data/tank --size +100M\n  rok pool extend data/tank --metadata +8M",
		Args:    cli.Args(1, 1),
	}
	s, format, config := storageFlags(c, e), cli.OutputFlag(c), configFlag(c, e)
	size, metadata := new(amountFlag), new(amountFlag)
	c.Flags().VarP(size, "size", "L", "the new size of the data, or behind a plus how much more: +10G, +50%FREE")
	c.Flags().Var(metadata, "metadata", "the same of the metadata")
	c.ValidArgsFunction = completePools(s)
	c.RunE = s.with(s.withPools(func(c *cobra.Command, h pool.Host, args []string) error {
		name, err := parseLV(args[0])
		if err != nil {
			return err
		}
		policies, err := config.policies()
		if err != nil {
			return err
		}
		policy := policies[name.String()]
		r := pool.ExtendRequest{Policy: policy}
		if r.DataBy, r.DataTo, err = byOrTo(size); err != nil {
			return err
		}
		if r.MetadataBy, r.MetadataTo, err = byOrTo(metadata); err != nil {
			return err
		}
		done, err := h.Extend(c.Context(), name.vg, name.lv, r)
		for _, w := range done.Warnings {
			c.PrintErrf("rok: warning: %v\n", w)
		}
		if err = unchanged(c, explainPool(name, err)); err != nil {
			return withNearestLVM(c, h.System, name.vg, err)
		}
		views, err := viewPools(c, h, args, policies, e.mounts())
		return errors.Join(err, printPools(c, format, views))
	}))
	return c
}

// byOrTo tells a new size from how much more.
func byOrTo(f *amountFlag) (by, to lvm.Amount, err error) {
	switch f.sign {
	case '+':
		return f.amount, to, nil
	case '-':
		return by, to, cli.Usagef("a thin pool cannot be made smaller")
	}
	return by, f.amount, nil
}

// explainPool adds the next step to errors that have one.
func explainPool(name lvName, err error) error {
	var full *lvm.NoSpaceError
	switch {
	case errors.Is(err, pool.ErrOffline):
		return &cli.Error{Err: err, Next: "rok pool repair " + name.String()}
	case errors.As(err, &full):
		return &cli.Error{Err: err, Next: "rok vg extend " + name.vg + " DEVICE adds some"}
	}
	return explain(err)
}
