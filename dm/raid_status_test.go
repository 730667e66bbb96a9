package dm

import "testing"

func TestRaidStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"documentation", "raid4 5 AAAAA 2/490221568 resync 0", RaidStatus{
			RaidType: "raid4", RaidDisks: 5, Health: []Health("AAAAA"), SyncedSectors: 2, TotalSectors: 490221568,
			SyncAction: RaidResync, Fields: 6,
		}},
		{"version 1.3", "raid1 2 aA 2/4", RaidStatus{
			RaidType: "raid1", RaidDisks: 2, Health: []Health{HealthNotInSync, HealthAlive}, SyncedSectors: 2, TotalSectors: 4, Fields: 4,
		}},
		{"reshaping, with a journal", "raid5_ls 3 AD-a 0/8192 reshape 128 8192 a", RaidStatus{
			RaidType: "raid5_ls", RaidDisks: 3, Health: []Health{HealthAlive, HealthDead, HealthMissing, HealthNotInSync},
			TotalSectors: 8192, SyncAction: RaidReshape, MismatchCount: 128, DataOffset: 8192, JournalDev: HealthNotInSync,
		}},
	})
	testBadLines(t, "status", "raid", map[string]int{
		"":                           1,
		"raid1 2 AA":                 4,
		"raid1 2 AA 2:4":             4,
		"raid1 2 AA 2/4 idle x":      6,
		"raid1 2 AA 2/4 idle 0 0 AA": 8,
	})
}
