package dm

import "testing"

func TestSwitchTable(t *testing.T) {
	three := []Area{{Dev: BlockDev{Path: "/dev/sda"}}, {Dev: BlockDev{Path: "/dev/sdb"}}, {num(0), 8}}
	testTables(t, []tableCase{
		{"three paths", Switch{RegionSize: 128, Paths: three}, "3 128 0 /dev/sda 0 /dev/sdb 0 7:0 8"},
		{"options of tomorrow", Switch{RegionSize: 8, Options: []string{"fast", "2"}, Paths: three[2:]}, "1 8 2 fast 2 7:0 8"},
	})
	testRefused(t, map[string]Target{
		"no device": Switch{RegionSize: 8, Paths: []Area{{}}},
		"two words": Switch{RegionSize: 8, Options: []string{"a b"}, Paths: three},
	})
	testBadLines(t, "table", "switch", map[string]int{"": 1, "1 8": 3, "1 8 0": 4, "1 8 2 x": 5, "2 8 0 7:0 0": 6})
}
