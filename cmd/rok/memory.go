package main

import (
	"runtime/debug"

	"github.com/rok-storage/rok/units"
)

const (
	// largeText is that of a VG of some thousand LVs.
	largeText = 512 * units.KiB
	// heapLimit is where garbage begins to be collected. A VG of ten thousand LVs
	// takes a fifth of it.
	heapLimit = 256 << 20
)

// collectLate leaves garbage to the end of the process, if a text to be read is so
// long that there is any to speak of: nearly all that is made of a text is kept until
// it is printed, and to look for the rest takes as long as a third of that. To say so
// stops all threads, which a command on a small VG would notice.
func collectLate(text units.Bytes) {
	if text >= largeText {
		debug.SetMemoryLimit(heapLimit)
		debug.SetGCPercent(-1)
	}
}
