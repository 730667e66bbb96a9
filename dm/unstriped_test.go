package dm

import "testing"

func TestUnstripedTable(t *testing.T) {
	testTables(t, []tableCase{
		{"of two", Unstriped{Stripes: 2, ChunkSize: 256, Stripe: 1, Dev: BlockDev{Path: "/dev/nvme0n1"}}, "2 256 1 /dev/nvme0n1 0"},
		{"more in the line", Unstriped{Stripes: 1, ChunkSize: 8, Dev: num(2), Offset: 9, Extra: " "}, "1 8 0 7:2 9 "},
	})
	testRefused(t, map[string]Target{"no device": Unstriped{Stripes: 2, ChunkSize: 8}})
	testBadLines(t, "table", "unstriped", map[string]int{"": 1, "2 8 0 -": 4, "2 8 4294967296 7:0 0": 3, "2 8 0 7:0": 5})
}
