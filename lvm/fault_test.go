package lvm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/text"
)

// refusedText is a text that lvm2 does not read.
type refusedText struct {
	name     string
	file     string // of testdata/vg
	old, new string // the first one is replaced; an old "" is the beginning
	err      error  // nil: not the grammar
	at       string // the line at fault
	message  string
}

// refusedTexts are what lvm2 2.03.16 does not read. Most of these were given to it in
// a metadata area.
func refusedTexts() []refusedText {
	return []refusedText{
		// The whole text.
		{"a comment in front", "plain", "", "# x\n", lvm.ErrStructure, "# x", "text: it does not begin with the name of the VG"},
		{"an empty line in front", "plain", "", "\n", lvm.ErrStructure, "", "it does not begin with the name of the VG"},
		{"no contents", "plain", "contents = ", "contentx = ", lvm.ErrStructure, "", "text: no contents"},
		{"other contents", "plain", "Text Format", "Tree Format", lvm.ErrStructure, `contents = "Tree Format Volume Group"`, `contents are not "Text Format Volume Group"`},
		{"no version", "plain", "version = 1\n", "", lvm.ErrStructure, "", "text: no version"},
		{"another version", "plain", "version = 1", "version = 2", nil, "version = 2", "expected an integer from 1 to 1"},
		{"a brace too few", "plain", "\n}\n# Generated", "\n# Generated", nil, "", "expected an entry or '}', found the end of the text"},
		{"no VG name", "plain", "vg {", "{", nil, "{", "expected a key"},
		// The VG.
		{"name", "plain", "vg {", "v@g {", lvm.ErrName, "v@g {", `VG v@g: the name "v@g" has other characters`},
		{"name with a hyphen", "plain", "vg {", "-vg {", lvm.ErrName, "-vg {", "begins with a hyphen"},
		{"name of a directory", "plain", "vg {", ".. {", lvm.ErrName, ".. {", "is a directory's"},
		{"long name", "plain", "vg {", strings.Repeat("v", 128) + " {", lvm.ErrName, strings.Repeat("v", 128) + " {", "longer than 127"},
		{"no id", "plain", "id = ", "idx = ", lvm.ErrStructure, "vg {", "VG vg: no id"},
		{"bad id", "plain", `id = "`, `id = "x`, lvm.ErrID, `id = "x`, "not an LVM UUID"},
		{"no seqno", "plain", "seqno = ", "seqnox = ", lvm.ErrStructure, "vg {", "VG vg: no seqno"},
		{"no status", "plain", "status = ", "statusx = ", lvm.ErrStructure, "vg {", "VG vg: no status"},
		{"unknown status", "plain", `"RESIZEABLE"`, `"RESIZABLE"`, lvm.ErrFlag, "vg {", `VG vg: status "RESIZABLE" (use the version of lvm2 that wrote it)`},
		{"status of numbers", "plain", `["RESIZEABLE", "READ"`, `["RESIZEABLE", 5`, lvm.ErrStructure, `status = ["RESIZEABLE", 5, "WRITE"]`, "a number among its words"},
		{"another format", "plain", `format = "lvm2"`, `format = "lvm1"`, lvm.ErrStructure, "vg {", `format is "lvm1"`},
		{"no extent size", "plain", "extent_size = 8192\n", "", lvm.ErrStructure, "vg {", "no extent_size"},
		{"extent size 0", "plain", "extent_size = 8192", "extent_size = 0", lvm.ErrRange, "vg {", "extents of 0 sectors"},
		{"extent size of text", "plain", "extent_size = 8192", `extent_size = "8192"`, nil, `extent_size = "8192"`, "expected an integer"},
		{"no max_lv", "plain", "max_lv = 0\n", "", lvm.ErrStructure, "vg {", "no max_lv"},
		{"no max_pv", "plain", "max_pv = 0\n", "", lvm.ErrStructure, "vg {", "no max_pv"},
		{"no PVs", "plain", "physical_volumes", "physical_volumez", lvm.ErrStructure, "logical_volumes {", "logical volumes in front of the physical ones"},
		{"an assignment among PVs", "plain", "physical_volumes {\n", "physical_volumes {\nx = 1\n", lvm.ErrStructure, "x = 1", "x is no section among physical_volumes"},
		{"an assignment among LVs", "plain", "logical_volumes {\n", "logical_volumes {\nx = 1\n", lvm.ErrStructure, "x = 1", "x is no section among logical_volumes"},
		{"LVs twice", "plain", "\n}\n# Gen", "\nlogical_volumes {\n}\n}\n# Gen", lvm.ErrDuplicate, "logical_volumes {", "two sections logical_volumes"},
		{"a section for a number", "plain", "max_lv = 0", "max_lv {\n}", lvm.ErrStructure, "max_lv {", "max_lv is an assignment where"},
		{"a number for a section", "plain", "physical_volumes {\n", "physical_volumes = 1\nx {\n", lvm.ErrStructure, "physical_volumes = 1", "physical_volumes is an assignment where"},
		{"a path", "plain", "seqno = ", "physical_volumes/pv0/tags = 5\nseqno = ", lvm.ErrStructure, "physical_volumes/pv0/tags = 5", `the key "physical_volumes/pv0/tags" is a path`},
		// PVs.
		{"PV without id", "plain", "pv1 {\nid", "pv1 {\nidx", lvm.ErrStructure, "pv1 {", "PV pv1: no id"},
		{"PV without pe_start", "plain", "pe_start = 2048\n", "", lvm.ErrStructure, "pv0 {", "PV pv0: no pe_start"},
		{"PV without pe_count", "plain", "pe_count = 15\n", "", lvm.ErrStructure, "pv0 {", "PV pv0: no pe_count"},
		{"negative pe_count", "plain", "pe_count = 15", "pe_count = -1", nil, "pe_count = -1", "expected an integer from 0 to"},
		{"PV with a status that it cannot have", "plain", `["ALLOCATABLE"]`, `["ALLOCATABLE", "READ"]`, lvm.ErrFlag, "pv0 {", `PV /dev/loop0: status "READ"`},
		{"PV larger than its device", "plain", "pe_count = 15", "pe_count = 17", lvm.ErrRange, "pv0 {", "17 extents from sector 2048 end at sector 141312 of a device of 131072 (resize the PV)"},
		{"PV beyond all sectors", "plain", "pe_start = 2048", "pe_start = 9223372036854775807", lvm.ErrRange, "pv0 {", "15 extents from sector 9223372036854775807"},
		// LVs.
		{"LV name", "plain", "ro {", "r/o {", lvm.ErrName, "r/o {", "has other characters"},
		{"LV name with a blank", "plain", "ro {", "\"r o\" {", lvm.ErrName, `"r o" {`, `the name "r o" has other characters`},
		{"two of a name", "plain", "ro {", "lin {", lvm.ErrDuplicate, "lin {", "LV lin: there are two of that name (rename one of them)"},
		{"no LV id", "plain", "ro {\nid", "ro {\nidx", lvm.ErrStructure, "ro {", "LV ro: no id"},
		{"LV with an unknown status", "plain", `"VISIBLE"`, `"VISIBLE", "VIRTUAL"`, lvm.ErrFlag, "lin {", `LV lin: status "VIRTUAL"`},
		{"time without host", "plain", "creation_host", "creation_hostx", lvm.ErrStructure, "lin {", "one of creation_time and creation_host is missing"},
		{"fixed minor without one", "plain", "minor = 77\n", "", lvm.ErrStructure, "minor {", "LV minor: no minor"},
		{"too few segments", "striped", "segment_count = 2", "segment_count = 3", lvm.ErrStructure, "s2 {", "segment_count is 3, and 2 segments are there"},
		{"no segments", "plain", "segment_count = 1", "segment_count = 0", nil, "segment_count = 0", "expected an integer from 1"},
		{"gap", "striped", "start_extent = 4", "start_extent = 5", lvm.ErrGap, "s2 {", "LV s2: segment 2 begins at extent 5, the one in front ends at 4"},
		{"empty segment", "plain", "extent_count = 5", "extent_count = 0", lvm.ErrGap, "lin {", "segment 1 has no extents"},
		{"no start", "plain", "start_extent = 0\n", "", lvm.ErrStructure, "segment1 {", "LV lin: no start_extent"},
		{"no count", "plain", "extent_count = 5\n", "", lvm.ErrStructure, "segment1 {", "LV lin: no extent_count"},
		{"no type", "targets", "type = \"zero\"\n", "", lvm.ErrStructure, "segment1 {", "LV z: no type"},
		// Segments.
		{"no stripe count", "plain", "stripe_count = 1\n", "", lvm.ErrStructure, "segment1 {", "no stripe_count"},
		{"another stripe count", "plain", "stripe_count = 1", "stripe_count = 2", lvm.ErrStructure, "segment1 {", "stripe_count is 2, and 1 stripes are there"},
		{"no stripe size", "striped", "stripe_size = 128\n", "", lvm.ErrStructure, "segment1 {", "no stripe_size"},
		{"no stripes", "plain", "stripes = [", "stripesx = [", lvm.ErrStructure, "segment1 {", "no stripes"},
		{"stripes without an extent", "plain", `"pv0", 0`, `"pv0"`, lvm.ErrStructure, "stripes = [", "stripes is not a list of names and extents"},
		{"stripes with two names", "plain", `"pv0", 0`, `"pv0", "0"`, lvm.ErrStructure, `"pv0", "0"`, "stripes is not a list"},
		{"stripes without a comma", "plain", `"pv0", 0`, `"pv0" 0`, nil, `"pv0" 0`, "expected ',' or ']'"},
		{"negative extent", "plain", `"pv0", 0`, `"pv0", -3`, lvm.ErrStructure, `"pv0", -3`, "stripes is not a list"},
		{"no such PV", "plain", `"pv0", 0`, `"pv7", 0`, lvm.ErrReference, "lin {", `segment 1 has "pv7" as area, which the VG does not have`},
		{"beyond the PV", "plain", `"pv0", 0`, `"pv0", 14`, lvm.ErrRange, "lin {", "segment 1 has extents 14 to 18 of /dev/loop0, which has 15"},
		{"overlap", "plain", `"pv0", 5`, `"pv0", 4`, lvm.ErrOverlap, "ro {", "LV ro: extents 4 to 4 of /dev/loop0 are lin's too"},
		{"extents that do not divide", "striped", "extent_count = 8", "extent_count = 9", lvm.ErrStructure, "s4 {", "segment 1 has 9 extents on 4 stripes"},
		{"stripe size 0", "striped", "stripe_size = 16", "stripe_size = 0", lvm.ErrRange, "s4 {", "a stripe size of 0 sectors"},
		{"beyond an LV", "pvmove_running", `"pvmove0", 6`, `"pvmove0", 7`, lvm.ErrRange, "b {", "segment 1 has extents 7 to 8 of pvmove0, which has 8"},
		{"pool without data", "thin", `pool = "pool_tdata"` + "\n", "", lvm.ErrStructure, "segment1 {", "LV pool: no pool"},
		{"pool on nothing", "thin", `pool = "pool_tdata"`, `pool = "x"`, lvm.ErrReference, "pool {", `segment 1 has "x" as data`},
		{"pool with small chunks", "thin", "chunk_size = 128", "chunk_size = 64", lvm.ErrRange, "pool {", "chunks of 64 sectors"},
		{"pool with other discards", "thin", `discards = "passdown"`, `discards = "all"`, lvm.ErrStructure, "pool {", `discards "all"`},
		{"message of two", "thin_message_create", "create = ", "delete = 5\ncreate = ", lvm.ErrStructure, "message1 {", "message1 is not one message"},
		{"unknown message", "thin_message_create", "create = ", "resize = ", lvm.ErrStructure, `resize = "t1"`, `a message "resize" is not known`},
		{"message about nothing", "thin_message_create", `create = "t1"`, `create = "tx"`, lvm.ErrReference, "pool {", `"tx" as message`},
		{"thin without a device", "thin", "device_id = 1\n", "", lvm.ErrStructure, "segment1 {", "LV t0: no device_id"},
		{"thin with a large device id", "thin", "device_id = 1\n", "device_id = 16777216\n", nil, "device_id = 16777216", "expected an integer from 0 to 16777215"},
		{"two thin ones of an id", "thin", "device_id = 2\n", "device_id = 1\n", lvm.ErrDuplicate, "t1 {", "the device id 1 of pool is t0's too"},
		{"thin in no pool", "thin", `thin_pool = "pool"`, `thin_pool = "ext"`, lvm.ErrReference, "t0 {", `"ext" is no thin pool`},
		{"thin of no origin", "thin", `origin = "t0"`, `origin = "x"`, lvm.ErrReference, "t1 {", `"x" as origin`},
		{"thin of no external origin", "thin", `external_origin = "ext"`, `external_origin = "x"`, lvm.ErrReference, "fromext {", `"x" as external origin`},
		{"merge into nothing", "thin_merge", `merge = "t0"`, `merge = "x"`, lvm.ErrReference, "t1 {", `"x" as merged volume`},
		{"snapshot of nothing", "snapshot", `origin = "o"`, `origin = "x"`, lvm.ErrReference, "snapshot0 {", `"x" as origin`},
		{"snapshot without a store", "snapshot", "cow_store = \"s2\"\n", "", lvm.ErrStructure, "segment1 {", "one of cow_store and merging_store"},
		{"snapshot with two stores", "snapshot", "cow_store = ", "merging_store = \"s1\"\ncow_store = ", lvm.ErrStructure, "segment1 {", "one of cow_store and merging_store"},
		{"pool on itself", "thin", `pool = "pool_tdata"`, `pool = "pool"`, lvm.ErrReference, "pool {", "LV pool: it stands on pool, which stands on it"},
		{"in a circle", "pvmove_running", `"pv1", 0`, `"a", 0`, lvm.ErrReference, "", "which stands on it"},
		{"raid of nothing", "raid", `"r1_rmeta_0"`, `"x"`, lvm.ErrReference, "r1 {", `segment 1 has "x" as raid1`},
		{"mirror on no PV", "pvmove_running", `"pv1", 0`, `"pv9", 0`, lvm.ErrReference, "pvmove0 {", `segment 1 has "pv9" as area`},
		{"mirror over others", "pvmove_running", `"pv0", 6`, `"pv0", 5`, lvm.ErrOverlap, "pvmove0 {", "extents 5 to 5 of /dev/loop0 are pvmove0's too"},
	}
}

// text is the whole text.
func (r refusedText) text(t testing.TB) string {
	t.Helper()
	golden := read(t, "testdata/vg/"+r.file+".disk")
	if r.old == "" {
		return r.new + golden
	}
	require.Contains(t, golden, r.old)
	return strings.Replace(golden, r.old, r.new, 1)
}

// What lvm2 does not read is refused, and the error says where and what.
func TestTextsAreRefused(t *testing.T) {
	for _, test := range refusedTexts() {
		t.Run(test.name, func(t *testing.T) {
			src := test.text(t)
			_, err := lvm.Parse(src)
			require.Error(t, err)
			require.ErrorContains(t, err, test.message)
			if test.err != nil {
				require.ErrorIs(t, err, test.err)
			}
			var e *text.Error
			require.ErrorAs(t, err, &e)
			if test.at != "" {
				line := strings.Split(src, "\n")[e.Line-1]
				require.Equal(t, test.at, line[:min(len(line), len(test.at))], err)
			}
		})
	}
}

// Two IDs that are the same.
func TestDuplicateIDs(t *testing.T) {
	src := read(t, "testdata/vg/plain.disk")
	vg, err := lvm.Parse(src)
	require.NoError(t, err)
	_, err = lvm.Parse(strings.Replace(src, vg.PVs[1].ID.String(), vg.PVs[0].ID.String(), 1))
	require.ErrorIs(t, err, lvm.ErrDuplicate)
	require.ErrorContains(t, err, "PV /dev/loop1: the ID is /dev/loop0's too (leave one of them out)")
	_, err = lvm.Parse(strings.Replace(src, vg.LVs[1].ID.String(), vg.LVs[0].ID.String(), 1))
	require.ErrorIs(t, err, lvm.ErrDuplicate)
	require.ErrorContains(t, err, "LV ro: the ID is lin's too")
}

// Validate finds everything, Decode reads what it finds fault with.
func TestValidateFindsAll(t *testing.T) {
	src := read(t, "testdata/vg/plain.disk")
	src = strings.Replace(src, `"pv0", 5`, `"pv0", 4`, 1)
	src = strings.Replace(src, "ranum {", "lin {", 1)
	src = strings.Replace(src, "pe_count = 15", "pe_count = 17", 1) // 16 it is after a pvresize to that size
	vg, err := lvm.Decode(src, lvm.OnDisk)
	require.NoError(t, err)
	err = vg.Validate()
	for _, kind := range []error{lvm.ErrOverlap, lvm.ErrDuplicate, lvm.ErrRange} {
		require.ErrorIs(t, err, kind)
	}
	require.NotErrorIs(t, err, lvm.ErrGap)
	var f *lvm.Fault
	require.True(t, errors.As(err, &f))
	require.Equal(t, "PV", f.Object)
	require.Len(t, strings.Split(err.Error(), "\n"), 3)
	_, err = lvm.Parse(src)
	require.Len(t, strings.Split(err.Error(), "\n"), 3)
}

// A VG with more faults than anybody reads.
func TestFaultsAreBounded(t *testing.T) {
	vg := linearVG(5000)
	for _, lv := range vg.LVs {
		lv.ID = lvm.ID{}
	}
	require.Len(t, strings.Split(vg.Validate().Error(), "\n"), 1000)
}

func TestValidateValues(t *testing.T) {
	tests := []struct {
		name   string
		change func(vg *lvm.VG)
		err    error
	}{
		{"nothing", func(vg *lvm.VG) {}, nil},
		{"no ID", func(vg *lvm.VG) { vg.ID = lvm.ID{} }, lvm.ErrStructure},
		{"no PV", func(vg *lvm.VG) { vg.PVs, vg.LVs = nil, nil }, lvm.ErrStructure},
		{"no PV ID", func(vg *lvm.VG) { vg.PVs[0].ID = lvm.ID{} }, lvm.ErrStructure},
		{"another PV's extents", func(vg *lvm.VG) { vg.PVs[0].ID = testID(7) }, lvm.ErrReference},
		{"too many extents", func(vg *lvm.VG) { vg.PVs[0].Count = 1 << 32 }, lvm.ErrRange},
		{"no segments", func(vg *lvm.VG) { vg.LVs[0].Segments = nil }, lvm.ErrStructure},
		{"no type", func(vg *lvm.VG) { vg.LVs[0].Segments[0].Type = nil }, lvm.ErrStructure},
		{"no areas", func(vg *lvm.VG) { vg.LVs[0].Segments[0].Type = &lvm.Striped{} }, lvm.ErrStructure},
		{"no name", func(vg *lvm.VG) { vg.LVs[0].Name = "" }, lvm.ErrName},
		{"zero", func(vg *lvm.VG) { vg.LVs[0].Segments[0].Type = lvm.Zero{} }, nil},
		{"33 bits", func(vg *lvm.VG) { vg.LVs[0].Segments[0] = lvm.Segment{Length: 1 << 32, Type: lvm.Error{}} }, lvm.ErrRange},
		{"a snapshot of two segments", func(vg *lvm.VG) {
			s := lvm.Segment{Length: 1, Type: &lvm.Snapshot{Origin: "lvol1", COW: "lvol2"}}
			vg.LVs[0].Segments = []lvm.Segment{s, s}
			vg.LVs[0].Segments[1].Start = 1
		}, lvm.ErrStructure},
		{"a pool of two segments", func(vg *lvm.VG) {
			s := lvm.Segment{Length: 1, Type: &lvm.ThinPool{Metadata: "lvol1", Data: "lvol2", ChunkSize: 128}}
			vg.LVs[0].Segments = []lvm.Segment{s, s}
			vg.LVs[0].Segments[1].Start = 1
		}, lvm.ErrStructure},
		{"thin in a linear LV", func(vg *lvm.VG) { vg.LVs[0].Segments[0].Type = &lvm.Thin{Pool: "lvol1"} }, lvm.ErrReference},
		{"a large device id", func(vg *lvm.VG) { vg.LVs[0].Segments[0].Type = &lvm.Thin{DeviceID: 1 << 24} }, lvm.ErrRange},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			vg := linearVG(3)
			test.change(vg)
			if test.err == nil {
				require.NoError(t, vg.Validate())
			} else {
				require.ErrorIs(t, vg.Validate(), test.err)
			}
		})
	}
}
