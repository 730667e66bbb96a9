package dm

import "testing"

func TestMirrorStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"in memory", "2 7:0 7:1 3/4 1 AD 1 core", MirrorStatus{
			Mirrors:       []MirrorDeviceStatus{{num(0), HealthAlive}, {num(1), HealthDead}},
			SyncedRegions: 3, TotalRegions: 4, Log: []string{"core"},
		}},
		{"on disk", "1 7:0 4/4 1 A 3 disk 7:3 A", MirrorStatus{
			Mirrors:       []MirrorDeviceStatus{{num(0), HealthAlive}},
			SyncedRegions: 4, TotalRegions: 4, Log: []string{"disk", "7:3", "A"},
		}},
		{"no answer from the daemon", "1 7:0 4/4 1 A userspace 1 COM_FAILURE", MirrorStatus{
			Mirrors:       []MirrorDeviceStatus{{num(0), HealthAlive}},
			SyncedRegions: 4, TotalRegions: 4, Log: []string{"userspace", "1", "COM_FAILURE"},
		}},
		{"no word of the log", "1 7:0 4/4 1 A -", MirrorStatus{
			Mirrors:       []MirrorDeviceStatus{{num(0), HealthAlive}},
			SyncedRegions: 4, TotalRegions: 4, Extra: " -",
		}},
	})
	testBadLines(t, "status", "mirror", map[string]int{
		"":                        1,
		"2 7:0 3/4 1 A":           3,
		"1 7:0 3/4 2 A":           4,
		"1 7:0 3/4 1 AA 1 core":   5,
		"1 7:0 3/4 1 A 3 disk":    8,
		"1 7:0 3/4 1 A userspace": 7,
	})
}
