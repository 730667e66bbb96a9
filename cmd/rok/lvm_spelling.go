package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// lvm2Spellings lets each of c's flags be typed as lvm2 types it, without
// hyphens inside, and by the names in also: what lvm2 calls it, and what it is
// here. It comes after all flags of c.
func lvm2Spellings(c *cobra.Command, also map[string]string) {
	names := map[string]string{}
	sorted := c.Flags().SortFlags
	c.Flags().SortFlags = false // to sort them takes longer than all else here
	c.Flags().VisitAll(func(f *pflag.Flag) { names[strings.ReplaceAll(f.Name, "-", "")] = f.Name })
	c.Flags().SortFlags = sorted
	c.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, typed string) pflag.NormalizedName {
		if name, ok := also[typed]; ok {
			return pflag.NormalizedName(name)
		}
		if name, ok := names[strings.ReplaceAll(typed, "-", "")]; ok {
			return pflag.NormalizedName(name)
		}
		return pflag.NormalizedName(typed)
	})
}
