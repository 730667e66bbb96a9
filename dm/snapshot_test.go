package dm

import "testing"

func TestSnapshotTables(t *testing.T) {
	testTables(t, []tableCase{
		{"documentation, snapshot", Snapshot{
			Origin: num(11), COW: num(12), Persistence: SnapshotPersistent, ChunkSize: 16,
		}, "7:11 7:12 P 16"},
		{"both features", Snapshot{
			Origin: BlockDev{Path: "/dev/base"}, COW: num(12), Persistence: SnapshotPersistentOverflow, ChunkSize: 8,
			DiscardZeroesCOW: true, DiscardPassdownOrigin: true,
		}, "/dev/base 7:12 PO 8 2 discard_zeroes_cow discard_passdown_origin"},
		{"a feature of tomorrow", Snapshot{
			Origin: num(11), COW: num(12), Persistence: SnapshotTransient, ChunkSize: 8,
			Other: []string{"new", "2"}, Extra: " x",
		}, "7:11 7:12 N 8 2 new 2 x"},
		{"documentation, merge", SnapshotMerge{Snapshot{
			Origin: num(11), COW: num(12), Persistence: SnapshotPersistent, ChunkSize: 16,
		}}, "7:11 7:12 P 16"},
		{"documentation, origin", SnapshotOrigin{Origin: num(11)}, "7:11"},
	})
	whole := Snapshot{Origin: num(11), COW: num(12), Persistence: SnapshotPersistent, ChunkSize: 16}
	noOrigin, noCOW, noStore, twoWords := whole, whole, whole, whole
	noOrigin.Origin, noCOW.COW, noStore.Persistence, twoWords.Other = BlockDev{}, BlockDev{}, "", []string{"a b"}
	testRefused(t, map[string]Target{
		"no origin":         noOrigin,
		"no COW device":     noCOW,
		"no persistence":    noStore,
		"two words":         twoWords,
		"merge, no origin":  SnapshotMerge{noOrigin},
		"origin, no device": SnapshotOrigin{},
	})
	testBadLines(t, "table", "snapshot", map[string]int{
		"7:11 7:12 P":        4,
		"7:11 - P 16":        2,
		"7:11 7:12 P 16k":    4,
		"7:11 7:12 P 16 2 x": 7,
	})
	testBadLines(t, "table", "snapshot-merge", map[string]int{"7:11": 2})
	testBadLines(t, "table", "snapshot-origin", map[string]int{"": 1, "-": 1})
}
