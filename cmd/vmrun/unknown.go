package main

import (
	"flag"
	"strings"

	"github.com/rok-storage/rok/internal/nearest"
)

// unknown returns the first flag of args that f does not have, read as package
// flag reads them; it has no typed error for that.
func unknown(f *flag.FlagSet, args []string) string {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if len(arg) < 2 || arg[0] != '-' || arg == "--" {
			return ""
		}
		name, _, hasValue := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		known := f.Lookup(name)
		if known == nil {
			if name == "h" || name == "help" {
				return ""
			}
			return name
		}
		if b, ok := known.Value.(interface{ IsBoolFlag() bool }); !hasValue && (!ok || !b.IsBoolFlag()) {
			i++ // its value
		}
	}
	return ""
}

// nearestFlag returns the flag whose name takes the fewest edits from name.
func nearestFlag(f *flag.FlagSet, name string) string {
	var names []string
	f.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	best, _ := nearest.Of(name, names)
	return best
}
