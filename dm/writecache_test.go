package dm

import (
	"testing"

	"github.com/rok-storage/rok/units"
)

func TestWritecacheTable(t *testing.T) {
	testTables(t, []tableCase{
		{"no options", Writecache{Mode: WritecacheSSD, Origin: num(0), Cache: num(1), BlockSize: 4096},
			"s 7:0 7:1 4096 0"},
		{"every option", Writecache{
			Mode: WritecachePmem, Origin: num(0), Cache: num(1), BlockSize: 512,
			StartSector: new(units.Sectors(0)), HighWatermark: new(uint64(60)), LowWatermark: new(uint64(0)),
			WritebackJobs: new(uint64(1)), AutocommitBlocks: new(uint64(2)), AutocommitTime: new(uint64(3)),
			MaxAge: new(uint64(4)), Cleaner: true, FUA: true, NoFUA: true, MetadataOnly: true,
			PauseWriteback: new(uint64(5)), Other: []string{"new"}, Extra: " 1",
		}, "p 7:0 7:1 512 21 start_sector 0 high_watermark 60 low_watermark 0 writeback_jobs 1 autocommit_blocks 2 " +
			"autocommit_time 3 max_age 4 cleaner fua nofua metadata_only pause_writeback 5 new 1"},
	})
	testRefused(t, map[string]Target{
		"no mode":   Writecache{Origin: num(0), Cache: num(1), BlockSize: 4096},
		"no origin": Writecache{Mode: WritecacheSSD, Cache: num(1), BlockSize: 4096},
		"no cache":  Writecache{Mode: WritecacheSSD, Origin: num(1), BlockSize: 4096},
		"two words": Writecache{Mode: WritecacheSSD, Origin: num(0), Cache: num(1), Other: []string{"a b"}},
	})
	testBadLines(t, "table", "writecache", map[string]int{
		"s 7:0 7:1 4096":                    5,
		"s 7:0 7:1 4096 2 max_age":          7,
		"s 7:0 7:1 4096 1 max_age 5":        7,
		"s 7:0 7:1 4096 2 fua cleaner":      7,
		"s 7:0 7:1 4096 2 high_watermark -": 7,
	})
}

func TestWritecacheStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"every field", "-5 509 445 1 128 64 72 2 7 3 63 4 8 6", WritecacheStatus{
			Error: -5, Blocks: 509, FreeBlocks: 445, WritebackBlocks: 1, Reads: 128, ReadHits: 64, Writes: 72,
			WriteHitsUncommitted: 2, WriteHitsCommitted: 7, WritesAround: 3, WritesAllocate: 63,
			WritesBlockedOnFreelist: 4, Flushes: 8, Discards: 6,
		}},
		{"before linux 5.15", "0 509 445 1", WritecacheStatus{Blocks: 509, FreeBlocks: 445, WritebackBlocks: 1, Fields: 4}},
	})
	testBadLines(t, "status", "writecache", map[string]int{
		"":           1,
		"-0 1 2 3":   1,
		"0 1 2":      4,
		"0 1 2 3 4x": 5,
	})
}
