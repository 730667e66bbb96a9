package main

import "flag"

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
