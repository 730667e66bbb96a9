package dm

import "testing"

func TestEraTable(t *testing.T) {
	testTables(t, []tableCase{
		{"an era", Era{Metadata: num(0), Origin: num(1), BlockSize: 128}, "7:0 7:1 128"},
		{"something of tomorrow", Era{Metadata: num(0), Origin: BlockDev{Path: "/dev/o"}, BlockSize: 64, Extra: " 1 x"},
			"7:0 /dev/o 64 1 x"},
	})
	testRefused(t, map[string]Target{
		"no metadata": Era{Origin: num(1), BlockSize: 128},
		"no origin":   Era{Metadata: num(1), BlockSize: 128},
	})
	testBadLines(t, "table", "era", map[string]int{
		"":          1,
		"7:0 7:1":   3,
		"7:0 - 128": 2,
	})
}

func TestEraStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"no snapshot", "8 11/1024 2 -", EraStatus{
			MetadataBlockSize: 8, UsedMetadataBlocks: 11, TotalMetadataBlocks: 1024, CurrentEra: 2,
		}},
		{"a snapshot", "8 12/1024 4294967295 47", EraStatus{
			MetadataBlockSize: 8, UsedMetadataBlocks: 12, TotalMetadataBlocks: 1024, CurrentEra: 1<<32 - 1, HeldMetadataRoot: 47,
		}},
		{"unreadable", "Error", EraStatus{Error: true}},
	})
	testBadLines(t, "status", "era", map[string]int{
		"":                       1,
		"8 12/1024 4294967296 -": 3,
		"8 12/1024 3":            4,
		"8 12/1024 3 0":          4,
	})
}
