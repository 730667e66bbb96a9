package dm

import (
	"testing"
	"time"
)

func TestDelayTable(t *testing.T) {
	class := func(dev string, ms int) DelayClass {
		return DelayClass{BlockDev{Path: dev}, 0, time.Duration(ms) * time.Millisecond}
	}
	testTables(t, []tableCase{
		{"one class", Delay{Read: class("/dev/sda", 500)}, "/dev/sda 0 500"},
		{"two classes", Delay{Read: class("/dev/sda", 0), Write: class("/dev/sdb", 400)}, "/dev/sda 0 0 /dev/sdb 0 400"},
		{"three classes", Delay{
			Read: class("/dev/sda", 50), Write: class("/dev/sda", 100), Flush: DelayClass{num(1), 4096, 333 * time.Millisecond},
		}, "/dev/sda 0 50 /dev/sda 0 100 7:1 4096 333"},
		{"the longest", Delay{Read: DelayClass{num(0), 1, 4294967295 * time.Millisecond}}, "7:0 1 4294967295"},
		{"words not understood", Delay{Read: class("/dev/sda", 1), Extra: " 7:0 0"}, "/dev/sda 0 1 7:0 0"},
	})
	testRefused(t, map[string]Target{
		"no device":           Delay{},
		"flush without write": Delay{Read: class("/dev/sda", 1), Flush: class("/dev/sda", 1)},
		"microseconds":        Delay{Read: DelayClass{num(0), 0, time.Microsecond}},
		"negative":            Delay{Read: DelayClass{num(0), 0, -time.Millisecond}},
		"too long":            Delay{Read: DelayClass{num(0), 0, 4294967296 * time.Millisecond}},
	})
	testBadLines(t, "table", "delay", map[string]int{"": 1, "7:0": 2, "7:0 0": 3, "7:0 0 4294967296": 3, "- 0 1": 1})
}

func TestDelayStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"idle", "0 0 0", DelayStatus{}},
		{"busy", "1 2 3 4", DelayStatus{Read: 1, Write: 2, Flush: 3, Extra: " 4"}},
	})
	testBadLines(t, "status", "delay", map[string]int{"": 1, "1": 2, "1 2 ": 3, "1 2 -3": 3})
}
