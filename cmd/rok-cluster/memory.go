package main

import (
	"math"
	"runtime/debug"
)

// memoryLimit is where garbage is collected more often: blocks of 16 MiB that are worked on take half of it.
const memoryLimit = 112 << 20

// limitMemory keeps the process small, unless GOMEMLIMIT says how large it may be.
func limitMemory() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryLimit)
	}
}
