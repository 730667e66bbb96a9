package cluster

import (
	"fmt"
	"maps"
	"strings"
)

// Migration is what a version changes of the configuration. Config is a pure function.
type Migration struct {
	From, To int
	Version  string // "0.12.0"
	Config   func(values map[string]string) map[string]string
}

// Migrations are those of this build, in order.
func Migrations() []Migration {
	return []Migration{{From: 11, To: 12, Version: "0.12.0", Config: to12}}
}

// Target is the migration to a version, with or without a v; "" is the newest. Errors match
// [ErrTarget] and list those that there are.
func Target(version string) (Migration, error) {
	all := Migrations()
	if version == "" {
		return all[len(all)-1], nil
	}
	var known []string
	for _, m := range all {
		if m.Version == strings.TrimPrefix(version, "v") {
			return m, nil
		}
		known = append(known, "v"+m.Version)
	}
	return Migration{}, fmt.Errorf("%q: %w; there are: %s", version, ErrTarget, join(known))
}

// to12 makes the configuration of 0.12 of one of 0.11: the block size moved to where the map
// version is, and the map version is written down, so that it stays what it was.
func to12(values map[string]string) map[string]string {
	next := maps.Clone(values)
	if size, ok := next["composerd.block_size"]; ok {
		delete(next, "composerd.block_size")
		if _, there := next[varBlockSize]; !there {
			next[varBlockSize] = size
		}
	}
	if next[varMapVersion] == "" {
		next[varMapVersion] = "3"
	}
	return next
}
