package model

import (
	"strconv"
	"testing"
)

// Range says which histories are played: those of the seeds from First on.
type Range struct{ First, Count uint64 }

// Asked is what the environment asks for: ROK_TEST_HISTORIES says how many histories, ROK_TEST_HISTORY which one alone,
// ROK_TEST_HISTORIES_FROM the first. Where it says nothing, there are count of them from 1 on, and a quarter with -short.
func Asked(getenv func(string) string, count uint64) Range {
	r := Range{1, count}
	if testing.Short() {
		r.Count = (count + 3) / 4
	}
	number := func(name string, set func(uint64)) {
		if n, err := strconv.ParseUint(getenv(name), 10, 64); err == nil {
			set(n)
		}
	}
	number("ROK_TEST_HISTORIES", func(n uint64) { r.Count = n })
	number("ROK_TEST_HISTORIES_FROM", func(n uint64) { r.First = n })
	number("ROK_TEST_HISTORY", func(n uint64) { r = Range{n, 1} })
	return r
}
