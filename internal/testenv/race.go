//go:build race

package testenv

// Race reports whether the race detector is on, under which pools of memory
// forget at random, so that allocations cannot be counted.
const Race = true
