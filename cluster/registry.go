package cluster

import (
	"fmt"
	"strings"
	"time"

	"github.com/rok-storage/rok/internal/nearest"
	"github.com/rok-storage/rok/units"
)

// Names of variables that rules ask for.
const (
	varMapVersion = "composer.map_version"
	varBlockSize  = "composer.block_size"
	varDegree     = "composerd.maptree_degree"
)

// Registry returns all variables, sorted by name.
func Registry() []Variable {
	return []Variable{
		{Name: "cluster.lease_ttl", Kind: Duration, Min: int64(2 * time.Second), Max: int64(10 * time.Minute), Default: "10s", Since: "0.12.0",
			Help: "How long a member's lease lasts when its agent is gone: until then it counts as running, and the master as master."},
		{Name: "cluster.members.*.master_capable", Kind: Bool, Default: "False", Since: "0.11.0",
			Help: "Whether the member may become master."},
		{Name: varBlockSize, Kind: Size, Min: int64(64 * units.KiB), Max: int64(16 * units.MiB), Power: true, Default: "4MiB", Unit: "bytes", Since: "0.11.0",
			Help: "The blocks that new maps cut volumes into. Maps of different blocks have nothing in common."},
		{Name: varMapVersion, Kind: Word, Words: []string{"3", "4"}, Default: "3", Since: "0.11.0",
			Help: "The format of new maps. Version 4 can be read by 0.12 and later only."},
		{Name: varDegree, Kind: Word, Words: []string{"auto"}, Min: 16, Max: 1024, Power: true, Since: "0.12.0",
			Help: "The children of a node of hierarchical maps, of version 4. Unset, new maps are flat."},
		{Name: "gc.clock_margin", Kind: Duration, Min: 0, Max: int64(time.Hour), Default: "1m0s", Since: "0.12.0",
			Help: "How much the clocks of hosts may differ: for so long a session's lease is kept when it has run out."},
		{Name: "gc.lease_ttl", Kind: Duration, Min: int64(10 * time.Second), Max: int64(time.Hour), Default: "2m0s", Since: "0.12.0",
			Help: "How long a session that writes maps lasts when its process is gone."},
		{Name: "gc.wait", Kind: Duration, Min: 0, Max: int64(24 * time.Hour), Default: "0s", Since: "0.12.0",
			Help: "How long cluster-gc waits for sessions that began before it."},
		{Name: "retention.keep_daily", Kind: Number, Min: 0, Max: 100000, Default: "0", Unit: "maps", Since: "0.12.0",
			Help: "Days of which composer-tool retain keeps the last map."},
		{Name: "retention.keep_last", Kind: Number, Min: 0, Max: 100000, Default: "0", Unit: "maps", Since: "0.12.0",
			Help: "How many of the newest maps composer-tool retain keeps."},
		{Name: "retention.keep_weekly", Kind: Number, Min: 0, Max: 100000, Default: "0", Unit: "maps", Since: "0.12.0",
			Help: "Weeks of which composer-tool retain keeps the last map."},
		{Name: "s3d.*.assume_no_versioning", Kind: Bool, Default: "False", Since: "0.12.0", Restart: true,
			Help: "The S3 service has no versioning: no call of it is ever made. Implies no_versioning."},
		{Name: "s3d.*.cache_size", Kind: Size, Min: 0, Max: int64(64 * units.TiB), Default: "0B", Unit: "bytes", Since: "0.12.0", Restart: true,
			Help: "The most that the daemon's read cache takes on disk; 0B: there is none."},
		{Name: "s3d.*.journal_size", Kind: Size, Min: int64(64 * units.MiB), Max: int64(64 * units.TiB), Default: "1GiB", Unit: "bytes", Since: "0.12.0", Restart: true,
			Help: "The most that waits on disk to be uploaded; who writes more waits."},
		{Name: "s3d.*.no_versioning", Kind: Bool, Default: "False", Since: "0.11.0", Restart: true,
			Help: "Earlier versions of objects in the bucket are left alone when one is deleted."},
		{Name: "s3d.*.secret_key", Kind: Text, Since: "0.12.0", Restart: true, Secret: true,
			Help: "The secret key for the S3 service, of the access-key in the section [s3d.N]."},
		{Name: "s3d.*.store", Kind: Text, Since: "0.12.0", Restart: true,
			Help: "The address of the bucket: s3://BUCKET/PREFIX?endpoint=…"},
	}
}

// lookup returns the variable of a name, and what stands for its *. Errors match [ErrUnknown] and
// name the nearest.
func lookup(name string) (Variable, string, error) {
	all := Registry()
	var names []string
	for _, v := range all {
		if instance, ok := v.matches(name); ok {
			return v, instance, nil
		}
		names = append(names, likely(v.Name, name))
	}
	shown := fmt.Sprintf("%.100q", name)
	best, near := nearest.Of(name, names)
	if near {
		return Variable{}, "", fmt.Errorf("%s: %w; did you mean %s?", shown, ErrUnknown, best)
	}
	return Variable{}, "", fmt.Errorf("%s: %w; the nearest one is %s", shown, ErrUnknown, best)
}

// likely is a variable's name with that for its * which the name asked for seems to have.
func likely(pattern, name string) string {
	before, behind, ok := strings.Cut(pattern, "*")
	if !ok {
		return pattern
	}
	if rest, ok := strings.CutPrefix(name, before); ok {
		if i := strings.LastIndexByte(rest, '.'); i > 0 && validInstance(before, rest[:i]) {
			return before + rest[:i] + behind
		}
	}
	if before == membersPrefix {
		return before + "HOST" + behind
	}
	return before + "0" + behind
}

// UnknownName is the error for a name, or the beginning of one, that no variable has.
func UnknownName(name string) error {
	if _, _, err := lookup(name); err != nil {
		return err
	}
	return fmt.Errorf("%.100q: %w: there is no such instance", name, ErrUnknown)
}
