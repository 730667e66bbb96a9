package dm

import "testing"

func TestCacheStatus(t *testing.T) {
	used := CacheStatus{
		MetadataBlockSize: 8, UsedMetadataBlocks: 7, TotalMetadataBlocks: 1024, CacheBlockSize: 64,
		UsedCacheBlocks: 6, TotalCacheBlocks: 64, ReadHits: 188, ReadMisses: 52, WriteHits: 156, WriteMisses: 3,
		Demotions: 1, Promotions: 6, Dirty: 4, Features: []CacheFeature{CacheMetadata2, CacheWriteback},
		CoreArgs: []Arg{{"migration_threshold", "1024"}}, Policy: "mq", PolicyArgs: []Arg{{"random_threshold", "4"}},
		Mode: CacheReadOnly, NeedsCheck: true,
	}
	before42, before319 := used, used
	before42.NeedsCheck, before42.Fields = false, 16
	before319.NeedsCheck, before319.Mode, before319.Fields = false, "", 15
	const line = "8 7/1024 64 6/64 188 52 156 3 1 6 4 2 metadata2 writeback 2 migration_threshold 1024 mq 2 random_threshold 4"
	testStatuses(t, []statusCase{
		{"every field", line + " ro needs_check", used},
		{"before linux 4.2", line + " ro", before42},
		{"before linux 3.19", line, before319},
		{"failed", "Fail", CacheStatus{Mode: CacheFail}},
		{"unreadable", "Error", CacheStatus{Mode: CacheError}},
	})
	testBadLines(t, "status", "cache", map[string]int{
		"":                        1,
		"8 7/1024 64 6/64 188":    6,
		line + " ro needs_repair": 23,
	})
}
