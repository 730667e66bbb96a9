package cluster

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Code is what a build of rok knows. The zero value knows nothing.
type Code struct {
	Version    string // "0.12.0"
	MinSchema  int    // the schemas of a cluster that it can work with
	MaxSchema  int
	MapVersion int // the newest map that it reads
}

// Current is this build's.
func Current() Code { return Code{Version: "0.12.0", MinSchema: 11, MaxSchema: 12, MapVersion: 4} }

// Supports reports whether the code can work with a schema.
func (c Code) Supports(schema int) bool { return c.MinSchema <= schema && schema <= c.MaxSchema }

// Check is nil where the code can work with a schema. Errors match [ErrSchema].
func (c Code) Check(schema int) error {
	if c.Supports(schema) {
		return nil
	}
	return fmt.Errorf("rok %s works with the schemas %d to %d, the cluster has %d: %w", c.Version, c.MinSchema, c.MaxSchema, schema, ErrSchema)
}

// CompareVersions orders versions such as "0.12.0", with or without a v. What is behind a
// hyphen does not count; an empty one is before all.
func CompareVersions(a, b string) int {
	x, y := numbers(a), numbers(b)
	for i := range max(len(x), len(y)) {
		if c := cmp.Compare(at(x, i), at(y, i)); c != 0 {
			return c
		}
	}
	return 0
}

func numbers(version string) (all []int) {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "-")
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			n = -1
		}
		all = append(all, n)
	}
	return all
}

func at(n []int, i int) int {
	if i < len(n) {
		return n[i]
	}
	return 0
}
