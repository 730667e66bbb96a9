package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// lvm2Spellings lets each of c's flags be typed as lvm2 types it, without
// hyphens inside, and by the names in also: what lvm2 calls it, and what it is
// here. It comes after all flags of c.
func lvm2Spellings(c *cobra.Command, also map[string]string) {
	f := c.Flags()
	var names []string // of c's flags, once all of them have been shown to the function below
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, typed string) pflag.NormalizedName {
		if len(names) == 0 || slices.Contains(names, typed) {
			return pflag.NormalizedName(typed)
		}
		if name, ok := also[typed]; ok {
			return pflag.NormalizedName(name)
		}
		for _, name := range names {
			if sameLetters(name, typed) {
				return pflag.NormalizedName(name)
			}
		}
		return pflag.NormalizedName(typed)
	})
	sorted := f.SortFlags
	f.SortFlags = false // to sort them takes longer than all else here
	f.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	f.SortFlags = sorted
}

// sameLetters reports whether two names differ in hyphens alone.
func sameLetters(a, b string) bool {
	for {
		a, b = strings.TrimLeft(a, "-"), strings.TrimLeft(b, "-")
		if a == "" || b == "" {
			return a == b
		}
		if a[0] != b[0] {
			return false
		}
		a, b = a[1:], b[1:]
	}
}
