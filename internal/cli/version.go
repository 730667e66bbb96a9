package cli

import (
	"cmp"
	"runtime/debug"
)

// BuildVersion is what the go command noted of this program: a version, or a commit.
func BuildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return cmp.Or(info.Main.Version, "(devel)")
}
