package main

import (
	"flag"
	"strings"
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

// nearest returns the flag whose name takes the fewest edits from name.
func nearest(f *flag.FlagSet, name string) (best string) {
	least := len(name) + 1
	f.VisitAll(func(f *flag.Flag) {
		if d := edits(name, f.Name); d < least {
			least, best = d, f.Name
		}
	})
	return best
}

// edits is Levenshtein's distance of two short names.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
