package dm

import (
	"testing"

	"github.com/rok-storage/rok/units"
)

func TestThinTable(t *testing.T) {
	testTables(t, []tableCase{
		{"a volume", Thin{Pool: num(2)}, "7:2 0"},
		{"the last id", Thin{Pool: num(2), DeviceID: MaxThinDeviceID}, "7:2 16777215"},
		{"an external origin", Thin{Pool: BlockDev{Path: "/dev/mapper/pool"}, DeviceID: 1, ExternalOrigin: BlockDev{Path: "/dev/image"}},
			"/dev/mapper/pool 1 /dev/image"},
		{"something of tomorrow", Thin{Pool: num(2), DeviceID: 1, Extra: " 1 new"}, "7:2 1 1 new"},
		{"failed pool", Thin{State: ThinFail}, "Fail"},
		{"no device in the pool", Thin{State: ThinNoDevice}, "-"},
	})
	testRefused(t, map[string]Target{
		"no pool":       Thin{DeviceID: 1},
		"id of 25 bits": Thin{Pool: num(2), DeviceID: MaxThinDeviceID + 1},
	})
	testBadLines(t, "table", "thin", map[string]int{
		"":             1,
		"7:2":          2,
		"7:2 16777216": 2,
		"7 1":          1,
	})
}

func TestThinStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"nothing mapped", "0 -", ThinStatus{}},
		{"mapped", "1024 2097151", ThinStatus{MappedSectors: 1024, HighestMappedSector: new(units.Sectors(2097151))}},
		{"mapped, none known", "128 - ", ThinStatus{MappedSectors: 128, Extra: " "}},
		{"failed pool", "Fail", ThinStatus{State: ThinFail}},
		{"unreadable", "Error", ThinStatus{State: ThinError}},
		{"no device in the pool", "-", ThinStatus{State: ThinNoDevice}},
	})
	testBadLines(t, "status", "thin", map[string]int{
		"":       1,
		"12":     2,
		"12 +":   2,
		"12 007": 2,
		"None 5": 1,
	})
}
