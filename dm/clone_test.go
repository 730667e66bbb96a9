package dm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCloneTable(t *testing.T) {
	testTables(t, []tableCase{
		{"no arguments", Clone{Metadata: num(0), Dest: num(1), Source: num(2), RegionSize: 8}, "7:0 7:1 7:2 8"},
		{"documentation", Clone{
			Metadata: num(0), Dest: num(1), Source: num(2), RegionSize: 8, Features: []CloneFeature{CloneNoHydration},
		}, "7:0 7:1 7:2 8 1 no_hydration"},
		{"empty, not absent", Clone{
			Metadata: num(0), Dest: num(1), Source: num(2), RegionSize: 8, Features: []CloneFeature{}, CoreArgs: []Arg{},
		}, "7:0 7:1 7:2 8 0 0"},
		{"everything", Clone{
			Metadata: num(0), Dest: num(1), Source: num(2), RegionSize: 8,
			Features: []CloneFeature{CloneNoDiscardPassdown, "new"},
			CoreArgs: []Arg{{"hydration_batch_size", "8"}}, Extra: " 1 2",
		}, "7:0 7:1 7:2 8 2 no_discard_passdown new 2 hydration_batch_size 8 1 2"},
	})
	testRefused(t, map[string]Target{
		"no metadata":    Clone{Dest: num(1), Source: num(2)},
		"no destination": Clone{Metadata: num(1), Source: num(2)},
		"no source":      Clone{Metadata: num(1), Dest: num(2)},
		"two words":      Clone{Metadata: num(0), Dest: num(1), Source: num(2), CoreArgs: []Arg{{"a", "b c"}}},
	})
	testBadLines(t, "table", "clone", map[string]int{
		"7:0 7:1 7:2":         4,
		"7:0 7:1 - 8":         3,
		"7:0 7:1 7:2 8 1":     6,
		"7:0 7:1 7:2 8 0 3 a": 6,
	})
}

func TestCloneTableWithArgumentsOnly(t *testing.T) {
	b, err := Clone{
		Metadata: num(0), Dest: num(1), Source: num(2), RegionSize: 8, CoreArgs: []Arg{{"hydration_threshold", "4"}},
	}.AppendParams(nil)
	require.NoError(t, err)
	require.Equal(t, "7:0 7:1 7:2 8 0 2 hydration_threshold 4", string(b))
}

func TestCloneStatus(t *testing.T) {
	testStatuses(t, []statusCase{
		{"every field", "8 6/1024 8 10/2048 3 1 no_hydration 4 hydration_threshold 1 hydration_batch_size 2 ro", CloneStatus{
			MetadataBlockSize: 8, UsedMetadataBlocks: 6, TotalMetadataBlocks: 1024, RegionSize: 8,
			HydratedRegions: 10, TotalRegions: 2048, HydratingRegions: 3, Features: []CloneFeature{CloneNoHydration},
			CoreArgs: []Arg{{"hydration_threshold", "1"}, {"hydration_batch_size", "2"}}, Mode: CloneReadOnly,
		}},
		{"failed", "Fail", CloneStatus{Mode: CloneFail}},
		{"unreadable", "Error", CloneStatus{Mode: CloneError}},
		{"failed while it was printed", "8 6/1024 8 10/2048 3 0 0 Fail", CloneStatus{
			MetadataBlockSize: 8, UsedMetadataBlocks: 6, TotalMetadataBlocks: 1024, RegionSize: 8,
			HydratedRegions: 10, TotalRegions: 2048, HydratingRegions: 3, Mode: CloneFail,
		}},
	})
	testBadLines(t, "status", "clone", map[string]int{
		"":                         1,
		"8 6/1024 8 10/2048 3 0 0": 8,
		"8 6/1024 8 10 3 0 0 rw":   4,
	})
}
