package dm

import "testing"

func TestSnapshotStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"in use", "40/128 16", SnapshotStatus{AllocatedSectors: 40, TotalSectors: 128, MetadataSectors: 16}},
		{"before linux 2.6.32", "40/128", SnapshotStatus{AllocatedSectors: 40, TotalSectors: 128, Fields: 1}},
		{"invalid", "Invalid", SnapshotStatus{State: SnapshotInvalid}},
		{"overflow", "Overflow", SnapshotStatus{State: SnapshotOverflow}},
		{"unknown", "Unknown", SnapshotStatus{State: SnapshotUnknown}},
		{"merge failed", "Merge failed", SnapshotMergeStatus{SnapshotStatus{State: SnapshotMergeFailed}}},
		{"merging", "40/128 16", SnapshotMergeStatus{SnapshotStatus{AllocatedSectors: 40, TotalSectors: 128, MetadataSectors: 16}}},
	})
	testBadLines(t, "status", "snapshot", map[string]int{
		"":         1,
		"Merge":    2,
		"Merge ok": 2,
		"40":       1,
		"40/128 x": 2,
	})
}
