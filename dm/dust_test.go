package dm

import "testing"

func TestDustTable(t *testing.T) {
	testTables(t, []tableCase{
		{"512 bytes", Dust{Dev: BlockDev{Path: "/dev/vdb1"}, BlockSize: 512}, "/dev/vdb1 0 512"},
		{"an offset, and more", Dust{Dev: num(0), Offset: 8, BlockSize: 4096, Extra: " x"}, "7:0 8 4096 x"},
	})
	testRefused(t, map[string]Target{"no device": Dust{BlockSize: 512}})
	testBadLines(t, "table", "dust", map[string]int{"": 1, "- 0 512": 1, "7:0 0": 3, "7:0 0 0x200": 3})
}

func TestDustStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"new", "7:0 bypass verbose", DustStatus{Dev: num(0), Behaviour: DustBypass, Logging: DustVerbose}},
		{"at work", "7:0 fail_read_on_bad_block quiet ", DustStatus{
			Dev: num(0), Behaviour: DustFailOnRead, Logging: DustQuiet, Extra: " ",
		}},
	})
	testBadLines(t, "status", "dust", map[string]int{"": 1, "7:0": 2, "7:0 pass verbose": 2, "7:0 bypass": 3, "7:0 bypass loud": 3})
}
