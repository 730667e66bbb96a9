package dm

import "testing"

func TestLinearTable(t *testing.T) {
	testTables(t, []tableCase{
		{"a number", Linear{Dev: num(0), Offset: 1024}, "7:0 1024"},
		{"a path with a blank", Linear{Dev: BlockDev{Path: "/dev/my disk"}}, `/dev/my\ disk 0`},
		{"more in the line", Linear{Dev: num(0), Extra: " 8"}, "7:0 0 8"},
	})
	testRefused(t, map[string]Target{"no device": Linear{Offset: 8}})
	testBadLines(t, "table", "linear", map[string]int{
		"": 1, "7:0": 2, "- 0": 1, "7:0 x": 2, "7:0  0": 2, "7:0 00": 2, "sda 0": 1,
		"7:0 18446744073709551616": 2, "7:0 0\t1": 2,
	})
}
