package dm

import "testing"

func TestThinPoolTable(t *testing.T) {
	testTables(t, []tableCase{
		{"no features", ThinPool{
			Metadata: num(0), Data: num(1), DataBlockSize: 128, LowWaterMark: 32768,
		}, "7:0 7:1 128 32768 0"},
		{"as the kernel prints it", ThinPool{
			Metadata: num(0), Data: num(1), DataBlockSize: 128, LowWaterMark: 32768, Extra: " ",
		}, "7:0 7:1 128 32768 0 "},
		{"every feature", ThinPool{
			Metadata: BlockDev{Path: "/dev/meta data"}, Data: num(1), DataBlockSize: 2097152,
			SkipBlockZeroing: true, IgnoreDiscard: true, NoDiscardPassdown: true, ReadOnly: true, ErrorIfNoSpace: true,
		}, `/dev/meta\ data 7:1 2097152 0 5 skip_block_zeroing ignore_discard no_discard_passdown read_only error_if_no_space`},
		{"a feature of tomorrow", ThinPool{
			Metadata: num(0), Data: num(1), DataBlockSize: 128, ErrorIfNoSpace: true,
			Other: []string{"keep_warm", "3"}, Extra: " more",
		}, "7:0 7:1 128 0 3 error_if_no_space keep_warm 3 more"},
	})
	testRefused(t, map[string]Target{
		"no metadata": ThinPool{Data: num(1), DataBlockSize: 128},
		"no data":     ThinPool{Metadata: num(1), DataBlockSize: 128},
		"two words":   ThinPool{Metadata: num(0), Data: num(1), Other: []string{"keep warm"}},
	})
	testBadLines(t, "table", "thin-pool", map[string]int{
		"":                                    1,
		"- 7:1 128 0 0":                       1,
		"7:0 7:1 0x80 0 0":                    3,
		"7:0 7:1 128 0":                       5,
		"7:0 7:1 128 0 1":                     6,
		"7:0 7:1 128 0 -1":                    5,
		"7:0  7:1 128 0 0":                    2,
		"7:0 7:1 128 0 9 x ":                  7,
		"7:0 7:1 128 0 2 read_only read_only": 7,
		"7:0 7:1 128 0 2 read_only ignore_discard":       7,
		"7:0 7:1 128 0 99999999999999999999 read_only x": 5,
	})
}
