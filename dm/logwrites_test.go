package dm

import "testing"

func TestLogWritesTable(t *testing.T) {
	testTables(t, []tableCase{
		{"paths", LogWrites{Dev: BlockDev{Path: "/dev/sdb"}, LogDev: BlockDev{Path: "/dev/sdc"}}, "/dev/sdb /dev/sdc"},
		{"more in the line", LogWrites{Dev: num(0), LogDev: num(1), Extra: " x"}, "7:0 7:1 x"},
	})
	testRefused(t, map[string]Target{"no device": LogWrites{LogDev: num(0)}, "no log device": LogWrites{Dev: num(0)}})
	testBadLines(t, "table", "log-writes", map[string]int{"": 1, "7:0": 2, "7:0 -": 2})
}

func TestLogWritesStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"logging", "12 340", LogWritesStatus{LoggedEntries: 12, LastSector: 340}},
		{"disabled", "1 18 logging_disabled x", LogWritesStatus{LoggedEntries: 1, LastSector: 18, LoggingDisabled: true, Extra: " x"}},
	})
	testBadLines(t, "status", "log-writes", map[string]int{"": 1, "1": 2, "1 x": 2})
}
