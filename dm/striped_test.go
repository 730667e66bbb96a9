package dm

import "testing"

func TestStripedTable(t *testing.T) {
	hda, hdb := Area{Dev: BlockDev{Path: "/dev/hda"}}, Area{Dev: BlockDev{Path: "/dev/hdb"}}
	testTables(t, []tableCase{
		{"no stripes", Striped{ChunkSize: 8}, "0 8"},
		{"two stripes", Striped{ChunkSize: 256, Stripes: []Area{hda, hdb}}, "2 256 /dev/hda 0 /dev/hdb 0"},
		{"an offset, and more", Striped{ChunkSize: 8, Stripes: []Area{{num(0), 1024}}, Extra: " x"}, "1 8 7:0 1024 x"},
	})
	testRefused(t, map[string]Target{"no device": Striped{ChunkSize: 8, Stripes: []Area{{num(0), 0}, {}}}})
	testBadLines(t, "table", "striped", map[string]int{
		"": 1, "2": 2, "2 8 7:0 0": 5, "1 8 - 0": 3, "4294967295 8 7:0 0 7:0 0": 7, "4294967296 8": 1, "-1 8": 1,
	})
}

func TestStripedStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"alive", "1 7:0 1 A", StripedStatus{Stripes: []StripeStatus{{Dev: num(0)}}}},
		{"one failed", "2 7:0 7:1 1 AD", StripedStatus{Stripes: []StripeStatus{{Dev: num(0)}, {Dev: num(1), Failed: true}}}},
		{"more", "1 7:0 1 D x", StripedStatus{Stripes: []StripeStatus{{Dev: num(0), Failed: true}}, Extra: " x"}},
	})
	testBadLines(t, "status", "striped", map[string]int{
		"": 1, "1 7:0 2 A": 3, "1 7:0 1": 4, "1 7:0 1 AA": 4, "1 7:0 1 X": 4, "2 7:0 1 A": 3, "1 - 1 A": 2,
	})
}
