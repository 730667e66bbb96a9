package dm

import (
	"testing"

	"github.com/rok-storage/rok/units"
)

func TestRaidTable(t *testing.T) {
	var five, withMetadata []RaidDevice
	for i := range uint32(5) {
		five = append(five, RaidDevice{Data: num(i)})
		withMetadata = append(withMetadata, RaidDevice{Metadata: num(10 + i), Data: num(i)})
	}
	testTables(t, []tableCase{
		{"documentation, raid4", Raid{RaidType: "raid4", ChunkSize: 2048, Devices: five},
			"raid4 1 2048 5 - 7:0 - 7:1 - 7:2 - 7:3 - 7:4"},
		{"documentation, with metadata", Raid{
			RaidType: "raid4", ChunkSize: 2048, Sync: true, MinRecoveryRate: new(uint64(20)), Devices: withMetadata,
		}, "raid4 4 2048 sync min_recovery_rate 20 5 7:10 7:0 7:11 7:1 7:12 7:2 7:13 7:3 7:14 7:4"},
		{"a missing device", Raid{RaidType: "raid1", Devices: []RaidDevice{withMetadata[0], {}}},
			"raid1 1 0 2 7:10 7:0 - -"},
		{"every option", Raid{
			RaidType: "raid10", ChunkSize: 64, Sync: true, NoSync: true, Rebuild: []uint64{0, 2},
			DaemonSleep: new(uint64(0)), MinRecoveryRate: new(uint64(1)), MaxRecoveryRate: new(uint64(2)),
			WriteMostly: []uint64{1}, MaxWriteBehind: new(uint64(3)), StripeCache: new(uint64(4)),
			RegionSize: new(units.Sectors(5)), Raid10Copies: new(uint64(6)), Raid10Format: "far",
			DeltaDisks: new(int64(-1)), DataOffset: new(units.Sectors(0)), JournalDev: num(9), JournalMode: "writeback",
			Other: []string{"new", "7"}, Devices: five[:1], Extra: " end",
		}, "raid10 35 64 sync nosync rebuild 0 rebuild 2 daemon_sleep 0 min_recovery_rate 1 max_recovery_rate 2 " +
			"write_mostly 1 max_write_behind 3 stripe_cache 4 region_size 5 raid10_copies 6 raid10_format far " +
			"delta_disks -1 data_offset 0 journal_dev 7:9 journal_mode writeback new 7 1 - 7:0 end"},
	})
	testRefused(t, map[string]Target{
		"no type":           Raid{Devices: five},
		"no devices":        Raid{RaidType: "raid1"},
		"metadata, no data": Raid{RaidType: "raid1", Devices: []RaidDevice{{Metadata: num(0)}}},
		"two words":         Raid{RaidType: "raid1", Raid10Format: "far away", Devices: five},
		"two words more":    Raid{RaidType: "raid1", Other: []string{"a\tb"}, Devices: five},
	})
	testBadLines(t, "table", "raid", map[string]int{
		"raid1 0 2 - 7:0 - 7:1":              2,
		"raid1 2 0 rebuild 1 1 - 7:0":        5,
		"raid1 3 0 nosync sync 1 - 7:0":      5,
		"raid1 1 0 0":                        4,
		"raid1 1 0 1 7:0 -":                  6,
		"raid1 1 0 2 - 7:0 -":                8,
		"raid1 3 0 journal_dev nosync 1 - 1": 5,
		"raid1 3 0 delta_disks +1 1 - 7:0":   5,
	})
}
