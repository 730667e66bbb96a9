package dm

import "testing"

func TestCacheTable(t *testing.T) {
	testTables(t, []tableCase{
		{"documentation", Cache{
			Metadata: num(0), Cache: num(1), Origin: num(2), BlockSize: 512,
			Features: []CacheFeature{CacheWriteback}, Policy: "default",
		}, "7:0 7:1 7:2 512 1 writeback default 0"},
		{"documentation, arguments", Cache{
			Metadata: num(0), Cache: num(1), Origin: num(2), BlockSize: 1024,
			Features:   []CacheFeature{CacheWriteback},
			Policy:     "mq",
			PolicyArgs: []Arg{{"sequential_threshold", "1024"}, {"random_threshold", "8"}},
		}, "7:0 7:1 7:2 1024 1 writeback mq 4 sequential_threshold 1024 random_threshold 8"},
		{"in another order, with a feature of tomorrow", Cache{
			Metadata: num(0), Cache: num(1), Origin: num(2), BlockSize: 64,
			Features: []CacheFeature{"new", CacheNoDiscardPassdown, CacheMetadata2, CachePassthrough}, Policy: "smq", Extra: " 1",
		}, "7:0 7:1 7:2 64 4 new no_discard_passdown metadata2 passthrough smq 0 1"},
		{"no features", Cache{Metadata: num(0), Cache: num(1), Origin: num(2), BlockSize: 64, Policy: "cleaner"},
			"7:0 7:1 7:2 64 0 cleaner 0"},
	})
	testRefused(t, map[string]Target{
		"no metadata": Cache{Cache: num(1), Origin: num(2), Policy: "smq"},
		"no cache":    Cache{Metadata: num(1), Origin: num(2), Policy: "smq"},
		"no origin":   Cache{Metadata: num(1), Cache: num(2), Policy: "smq"},
		"no policy":   Cache{Metadata: num(0), Cache: num(1), Origin: num(2)},
		"no feature":  Cache{Metadata: num(0), Cache: num(1), Origin: num(2), Policy: "smq", Features: []CacheFeature{""}},
		"no value":    Cache{Metadata: num(0), Cache: num(1), Origin: num(2), Policy: "smq", PolicyArgs: []Arg{{Key: "a"}}},
	})
	testBadLines(t, "table", "cache", map[string]int{
		"7:0 7:1 7:2 64":               5,
		"7:0 7:1 7:2 64 2 writeback":   7,
		"7:0 7:1 7:2 64 0 smq":         7,
		"7:0 7:1 7:2 64 0 smq 1 a":     7,
		"7:0 7:1 7:2 64 0 smq 65536 a": 7,
		"7:0 - 7:2 64 0 smq 0":         2,
	})
}
