package lvm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// parseWith parses a golden in which old is replaced.
func parseWith(t *testing.T, file string, replace ...string) *lvm.VG {
	t.Helper()
	src := read(t, "testdata/vg/"+file+".disk")
	for i := 0; i < len(replace); i += 2 {
		require.Contains(t, src, replace[i])
		src = strings.Replace(src, replace[i], replace[i+1], 1)
	}
	vg, err := lvm.Parse(src)
	require.NoError(t, err)
	return vg
}

// Of a key that is there twice, lvm2 takes the first one in a metadata area, and
// the last one in a file.
func TestKeysThatComeTwice(t *testing.T) {
	vg := parseWith(t, "plain", "max_lv = 0", "max_lv = 10\nmax_lv = 20")
	require.Equal(t, uint32(10), vg.MaxLV)
	require.Empty(t, vg.Unknown)
	src := strings.Replace(read(t, "testdata/vg/plain.backup"), "max_lv = 0", "max_lv = 10\nmax_lv = 20", 1)
	vg, err := lvm.ParseBackup(src)
	require.NoError(t, err)
	require.Equal(t, uint32(20), vg.MaxLV)
	// Of sections there is one.
	_, err = lvm.ParseBackup(strings.Replace(src, "logical_volumes {", "logical_volumes {\n}\nlogical_volumes {", 1))
	require.ErrorIs(t, err, lvm.ErrDuplicate)
	_, err = lvm.ParseBackup(strings.Replace(src, `type = "striped"`, "type = \"striped\"\ntype = \"zero\"", 1))
	require.ErrorIs(t, err, lvm.ErrDuplicate)
}

// What lvm2 does not write, and reads all the same.
func TestWhatLvm2Reads(t *testing.T) {
	plain := parseWith(t, "plain")
	t.Run("without a NUL or with text behind it", func(t *testing.T) {
		vg, err := lvm.Parse(read(t, "testdata/vg/plain.disk") + "\x00 garbage {")
		require.NoError(t, err)
		require.Equal(t, plain, vg)
	})
	t.Run("comments and white space", func(t *testing.T) {
		require.Equal(t, plain, parseWith(t, "plain", "max_lv = 0", "# x\n  max_lv=0 # y", "segment1 {", "segment1\n{"))
	})
	t.Run("no format, no flags, no copies", func(t *testing.T) {
		vg := parseWith(t, "plain", "format = \"lvm2\"\n", "", "flags = []\n", "", "metadata_copies = 0\n", "")
		require.Equal(t, string(plain.AppendText(nil)), string(vg.AppendText(nil)))
	})
	t.Run("a list of one as a scalar", func(t *testing.T) {
		require.Equal(t, plain, parseWith(t, "plain", `status = ["ALLOCATABLE"]`, `status = "ALLOCATABLE"`))
	})
	t.Run("bare words", func(t *testing.T) {
		require.Equal(t, plain, parseWith(t, "plain", `format = "lvm2"`, "format = lvm2"))
	})
	t.Run("octal", func(t *testing.T) {
		require.Equal(t, uint32(8), parseWith(t, "plain", "max_lv = 0", "max_lv = 010").MaxLV)
	})
	t.Run("segments in another order and of another name", func(t *testing.T) {
		striped := parseWith(t, "striped")
		src := read(t, "testdata/vg/striped.disk")
		first := src[strings.Index(src, "segment1 {"):strings.Index(src, "segment2 {")]
		turned := strings.Replace(src, first, "", 1)
		end := strings.Index(turned, "\"pv0\", 7\n]\n}\n") + len("\"pv0\", 7\n]\n}\n")
		vg, err := lvm.Parse(turned[:end] + strings.Replace(first, "segment1", "segment7", 1) + turned[end:])
		require.NoError(t, err)
		require.Equal(t, string(striped.AppendText(nil)), string(vg.AppendText(nil)))
	})
	t.Run("linear", func(t *testing.T) {
		vg := parseWith(t, "plain", `type = "striped"`, `type = "linear"`)
		require.Equal(t, "striped", vg.LVs[0].Segments[0].Type.Name())
		require.Contains(t, string(vg.AppendText(nil)), "type = \"linear\"\nstripe_count = 1\n")
	})
	t.Run("read-ahead that is automatic", func(t *testing.T) {
		vg := parseWith(t, "plain", "read_ahead = 256", "read_ahead = 0")
		require.NotContains(t, string(vg.AppendText(nil)), "read_ahead = 0")
	})
	t.Run("a device number that is not fixed", func(t *testing.T) {
		vg := parseWith(t, "plain", "segment_count", "major = 5\nminor = 7\nsegment_count")
		require.NotContains(t, string(vg.AppendText(nil)), "minor = 7\n")
	})
	t.Run("no time", func(t *testing.T) {
		src := read(t, "testdata/vg/vdo.disk") // whose LVs come from a file
		require.NotContains(t, src[:strings.Index(src, "vpool_vdata {")], "creation_time")
	})
	t.Run("policies that are not known", func(t *testing.T) {
		vg := parseWith(t, "limits", `"contiguous"`, `"later"`)
		require.Equal(t, lvm.Allocation("later"), vg.Allocation)
		require.Contains(t, string(vg.AppendText(nil)), "\n\nallocation_policy = \"later\"\n")
	})
	t.Run("lvmlockd", func(t *testing.T) {
		locks := "lock_type = \"sanlock\"\nlock_args = \"1.0.0:lvmlock\"\n"
		vg := parseWith(t, "plain", "extent_size = ", locks+"extent_size = ", "segment_count = ", "lock_args = \"1.0.0:70254592\"\nsegment_count = ")
		require.Equal(t, "sanlock", vg.LockType)
		require.Equal(t, "1.0.0:lvmlock", vg.LockArgs)
		require.Equal(t, "1.0.0:70254592", vg.LVs[0].LockArgs)
		require.Contains(t, string(vg.AppendText(nil)), "\n"+locks+"extent_size")
	})
}

// The values of a text, one by one.
func TestParse(t *testing.T) {
	vg := parseWith(t, "plain")
	require.Equal(t, "vg", vg.Name)
	require.Equal(t, lvm.Flags{lvm.FlagResizeable, lvm.FlagRead, lvm.FlagWrite}, vg.Status)
	require.Equal(t, lvm.Flags{lvm.FlagNoAutoActivate}, vg.Flags)
	require.Equal(t, []string{"t1", "a.b-c+d/e=f!g:h&i#j"}, vg.Tags)
	require.Equal(t, lvm.AllocCling, vg.Allocation)
	require.Len(t, vg.PVs, 3)
	require.Equal(t, []string{"ssd"}, vg.PVs[1].Tags)
	require.False(t, vg.PVs[2].Allocatable())
	lin := vg.LV("lin")
	require.Equal(t, lvm.Extents(5), lin.Size())
	require.Equal(t, &lvm.Striped{Areas: []lvm.Area{{PV: vg.PVs[0].ID}}}, lin.Segments[0].Type)
	require.Equal(t, "vmrun", lin.CreationHost)
	require.Equal(t, lvm.ReadAheadNone, vg.LV("ranone").ReadAhead)
	require.Equal(t, lvm.ReadAhead(256), vg.LV("ranum").ReadAhead)
	require.Equal(t, int32(77), vg.LV("minor").Minor)
	require.False(t, vg.LV("ro").Writable())
	require.True(t, vg.LV("skip").Flags.Has(lvm.FlagActivationSkip))
	require.Equal(t, lvm.AllocContiguous, vg.LV("cont").Allocation)
	require.Equal(t, "LVM2 version 2.03.16(2) (2022-05-18)", vg.Origin.Program)
	require.Equal(t, "vmrun", vg.Origin.Host)
	require.Equal(t, "Linux vmrun 6.1.176 #1 Sat Jul  4 15:38:16 UTC 2026 x86_64", vg.Origin.System)
	require.Contains(t, vg.Origin.Description, "Write from vgchange")

	quotes := parseWith(t, "quotes")
	require.Contains(t, quotes.Origin.Description, `log/prefix="a \"b\" \\c"`)
	require.Equal(t, "host.one", parseWith(t, "system_id").SystemID)
	areas := parseWith(t, "areas")
	require.Equal(t, uint32(2), areas.MetadataCopies)
	require.NotZero(t, areas.PVs[0].BootLength)
	require.Equal(t, "loop_file", parseWith(t, "device_id").PVs[0].DeviceIDType)
	require.True(t, parseWith(t, "missing").PVs[1].Missing())
	require.Equal(t, "thin-performance", parseWith(t, "profile").LVs[0].Profile)
	s := parseWith(t, "striped").LV("s4").Segments[0]
	require.Equal(t, lvm.Extents(2), s.AreaLength())
	require.Len(t, s.Type.(*lvm.Striped).Areas, 4)
	pool := parseWith(t, "thin_message_delete").LV("pool").Segments[0].Type.(*lvm.ThinPool)
	require.Equal(t, []lvm.ThinMessage{{Delete: 1}}, pool.Messages)
	require.Equal(t, "thin-pool", pool.Name())
	snapshot := parseWith(t, "snapshot").LV("snapshot0").Segments[0].Type.(*lvm.Snapshot)
	require.Equal(t, &lvm.Snapshot{ChunkSize: 8, Origin: "o", COW: "s1", Merging: true}, snapshot)
	require.Equal(t, lvm.Zero{}, parseWith(t, "targets").LV("z").Segments[0].Type)
	require.Equal(t, lvm.Error{}, parseWith(t, "targets").LV("e").Segments[0].Type)
}

// Lists that many LVs have are the same in memory: what is parsed is not written
// to.
func TestListsAreShared(t *testing.T) {
	vg, err := lvm.Parse(string(linearVG(100).AppendText(nil)))
	require.NoError(t, err)
	for _, lv := range vg.LVs[1:] {
		require.Same(t, &vg.LVs[0].Status[0], &lv.Status[0])
	}
	changed := vg.LVs[0].Status.Without(lvm.FlagWrite)
	require.Equal(t, lvm.Flags{lvm.FlagRead, lvm.FlagVisible}, changed)
	require.True(t, vg.LVs[1].Status.Has(lvm.FlagWrite))
}

// The origin of a text that nobody said anything of.
func TestOriginOfNothing(t *testing.T) {
	vg := linearVG(1)
	vg.Origin = lvm.Origin{}
	out := string(vg.AppendText(nil))
	require.Contains(t, out, "\n}\ncontents = \"Text Format Volume Group\"\n")
	require.Contains(t, out, "creation_time = 0\t# Thu Jan  1 00:00:00 1970\n\n\x00")
	again, err := lvm.Parse(out)
	require.NoError(t, err)
	require.Equal(t, out, string(again.AppendText(nil)))
	vg.Origin = lvm.Origin{Program: "rok: a", Date: "x: y"}
	out = string(vg.AppendText(nil))
	require.Contains(t, out, "# Generated by rok: a: x: y\n")
	again, err = lvm.Parse(out)
	require.NoError(t, err)
	require.Equal(t, vg.Origin, again.Origin)
}

// What is read of an LV is allocated for many at once.
func TestParseAllocatesLittle(t *testing.T) {
	src := string(linearVG(2000).AppendText(nil))
	allocations := testing.AllocsPerRun(5, func() {
		_, err := lvm.Parse(src)
		require.NoError(t, err)
	})
	require.Less(t, allocations, 400.0)
}
