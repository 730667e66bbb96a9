package dm

import "testing"

func TestMirrorTable(t *testing.T) {
	two := []MirrorDevice{{Dev: num(0)}, {Dev: num(1), Offset: 2048}}
	testTables(t, []tableCase{
		{"in memory", Mirror{Log: MirrorLog{Type: "core", RegionSize: 1024}, Mirrors: two},
			"core 1 1024 2 7:0 0 7:1 2048"},
		{"on disk, every feature", Mirror{
			Log:     MirrorLog{Type: "disk", Dev: num(9), RegionSize: 1024, Sync: MirrorNoSync},
			Mirrors: two, HandleErrors: true, KeepLog: true,
		}, "disk 3 7:9 1024 nosync 2 7:0 0 7:1 2048 2 handle_errors keep_log"},
		{"one argument more", Mirror{
			Log:     MirrorLog{Type: "core", RegionSize: 1024, Sync: MirrorForceSync, Args: []string{"block_on_error"}},
			Mirrors: two,
		}, "core 3 1024 sync block_on_error 2 7:0 0 7:1 2048"},
		{"of a cluster", Mirror{
			Log: MirrorLog{Type: "userspace", Args: []string{"LVM-x", "1", "clustered-disk", "7:9", "1024"}}, Mirrors: two,
		}, "userspace 5 LVM-x 1 clustered-disk 7:9 1024 2 7:0 0 7:1 2048"},
		{"a feature of tomorrow", Mirror{
			Log: MirrorLog{Type: "core", RegionSize: 8}, Mirrors: two, HandleErrors: true, Other: []string{"new"}, Extra: " 1",
		}, "core 1 8 2 7:0 0 7:1 2048 2 handle_errors new 1"},
	})
	testRefused(t, map[string]Target{
		"no log":            Mirror{Mirrors: two},
		"no log device":     Mirror{Log: MirrorLog{Type: "disk"}, Mirrors: two},
		"no mirrors":        Mirror{Log: MirrorLog{Type: "core"}},
		"a missing mirror":  Mirror{Log: MirrorLog{Type: "core"}, Mirrors: make([]MirrorDevice, 2)},
		"sync of userspace": Mirror{Log: MirrorLog{Type: "userspace", Sync: MirrorNoSync}, Mirrors: two},
		"two words":         Mirror{Log: MirrorLog{Type: "core", Args: []string{"a b"}}, Mirrors: two},
		"empty feature":     Mirror{Log: MirrorLog{Type: "core"}, Mirrors: two, Other: []string{""}},
	})
	testBadLines(t, "table", "mirror", map[string]int{
		"":                           1,
		"core 0 2 7:0 0 7:1 0":       3,
		"core 9 1024 nosync 2 7:0 0": 8,
		"disk 2 - 1024 1 7:0 0":      3,
		"core 1 1024 0":              4,
		"core 1 1024 65535 7:0 0":    7,
		"core 1 1024 1 7:0 0 1":      8,
	})
}
