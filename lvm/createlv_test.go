package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// Where an LV lies on three PVs, of which b has LVs at 0-1 and 4-5, and c is
// tagged.
func TestCreateLV(t *testing.T) {
	tests := []struct {
		name string
		op   lvm.CreateLV
		want string // where it lies
	}{
		{"the first PV", lvm.CreateLV{Size: extents(3)}, "a:0-2"},
		{"over the end of a PV", lvm.CreateLV{Size: extents(12)}, "a:0-9 b:6-7"},
		{"bytes are rounded up", lvm.CreateLV{Size: sized(2*units.MiB + 1)}, "a:0-2"},
		{"a share of the VG", lvm.CreateLV{Size: share(10, "VG")}, "a:0-2"},
		{"a share of what is free", lvm.CreateLV{Size: share(50, "FREE")}, "a:0-9 b:6-8"},
		{"a share of PVs", lvm.CreateLV{Size: share(50, "PVS"), Place: on(1)}, "b:6-8"},
		{"all of a PV, in parts", lvm.CreateLV{Size: share(100, "PVS"), Place: on(1)}, "b:6-9 b:2-3"},
		{"a PV by its tag", lvm.CreateLV{Size: extents(2), Place: lvm.Place{PVs: []lvm.PVChoice{{Tag: "fast"}}}}, "c:0-1"},
		{"PVs in the order named", lvm.CreateLV{Size: extents(2), Place: on(2, 0)}, "c:0-1"},
		{"a range", lvm.CreateLV{Size: extents(2), Place: ranges(0, "5-7")}, "a:5-6"},
		{"two ranges", lvm.CreateLV{Size: extents(5), Place: ranges(0, "0-1:6-")}, "a:6-9 a:0-0"},
		{"two stripes", lvm.CreateLV{Size: extents(4), Stripes: 2}, "a:0-1|b:6-7"},
		{"stripes are rounded up", lvm.CreateLV{Size: extents(3), Stripes: 2}, "a:0-1|b:6-7"},
		{"stripes of a share are rounded down", lvm.CreateLV{Size: share(100, "FREE"), Stripes: 3}, "a:0-3|c:0-3|b:6-9 a:4-5|c:4-5|b:2-3"},
		{"three stripes", lvm.CreateLV{Size: extents(9), Stripes: 3}, "a:0-2|b:6-8|c:0-2"},
		{"stripes anywhere", lvm.CreateLV{Size: extents(4), Stripes: 2, Place: on(0), Options: lvm.Options{Allocation: lvm.AllocAnywhere}}, "a:0-1|a:2-3"},
		{"contiguous", lvm.CreateLV{Size: extents(10), Options: lvm.Options{Allocation: lvm.AllocContiguous}}, "a:0-9"},
		{"cling", lvm.CreateLV{Size: extents(6), Place: on(1), Options: lvm.Options{Allocation: lvm.AllocCling}}, "b:6-9 b:2-3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := newGroup(t, 10, 10, 10)
			g.do(lvm.CreateLV{Name: "b0", Size: extents(2), Place: ranges(1, "0-1")},
				lvm.CreateLV{Name: "b1", Size: extents(2), Place: ranges(1, "4-5")},
				lvm.TagPV{PV: pvID(2), Add: []string{"fast"}})
			op := test.op
			op.Name = "v"
			g.do(op)
			require.Equal(t, test.want, g.lv("v"))
		})
	}
}

// ranges are those of one PV.
func ranges(pv int, text string) lvm.Place {
	r, err := lvm.ParseExtentRanges(text)
	if err != nil {
		panic(err)
	}
	return lvm.Place{PVs: []lvm.PVChoice{{PV: pvID(pv), Ranges: r}}}
}

func TestCreateLVOptions(t *testing.T) {
	g := newGroup(t, 10)
	g.do(lvm.CreateLV{Name: "v", Size: extents(1), Options: lvm.Options{
		ID: testID(77), Tags: []string{"@x", "y", "x"}, Allocation: lvm.AllocClingByTag, ReadOnly: true, ReadAhead: 16,
		ActivationSkip: true, NoAutoActivate: true,
	}})
	lv := g.vg.LV("v")
	require.Equal(t, testID(77), lv.ID)
	require.Equal(t, []string{"x", "y"}, lv.Tags)
	require.Equal(t, lvm.AllocCling, lv.Allocation)
	require.EqualValues(t, 16, lv.ReadAhead)
	require.Equal(t, lvm.Flags{lvm.FlagRead, lvm.FlagVisible}, lv.Status)
	require.Equal(t, lvm.Flags{lvm.FlagActivationSkip, lvm.FlagNoAutoActivate}, lv.Flags)
	require.Equal(t, "host", lv.CreationHost)
	require.EqualValues(t, 1700000000, lv.CreationTime)

	// Names that are chosen: one more than the highest, whatever is behind it.
	g.do(lvm.CreateLV{Size: extents(1)}, lvm.CreateLV{Name: "lvol07-x", Size: extents(1)}, lvm.CreateLV{Size: extents(1)})
	require.Equal(t, "v lvol0 lvol07-x lvol8", g.names())
	g.do(lvm.RemoveLV{Name: "lvol8"}, lvm.RemoveLV{Name: "lvol07-x"}, lvm.CreateLV{Size: extents(1)})
	require.Equal(t, "v lvol0 lvol1", g.names())
}

func TestCreateLVRefused(t *testing.T) {
	g := newGroup(t, 10, 10)
	g.do(lvm.CreateLV{Name: "v", Size: extents(2)}, lvm.TagPV{PV: pvID(1), Add: []string{"fast"}})
	opt := func(o lvm.Options) lvm.CreateLV { return lvm.CreateLV{Name: "w", Size: extents(1), Options: o} }
	at := func(p lvm.Place) lvm.CreateLV { return lvm.CreateLV{Name: "w", Size: extents(1), Place: p} }
	tests := []struct {
		name    string
		op      lvm.CreateLV
		err     error
		message string
	}{
		{"taken", lvm.CreateLV{Name: "v", Size: extents(1)}, lvm.ErrExists, "create LV vg/v: name is taken: v"},
		{"bad name", lvm.CreateLV{Name: "-v", Size: extents(1)}, lvm.ErrName, "begins with a hyphen"},
		{"reserved", lvm.CreateLV{Name: "x_tdata", Size: extents(1)}, lvm.ErrName, `names with "_tdata" in them`},
		{"reserved in front", lvm.CreateLV{Name: "snapshot1", Size: extents(1)}, lvm.ErrName, `names that begin with "snapshot"`},
		{"long", lvm.CreateLV{Name: longName, Size: extents(1)}, lvm.ErrName, "too long for a device's name"},
		{"no size", lvm.CreateLV{Name: "w"}, lvm.ErrInvalid, "no size"},
		{"a share of nothing", lvm.CreateLV{Name: "w", Size: share(10, "LV")}, lvm.ErrInvalid, "a share of LV"},
		{"a share that is none", lvm.CreateLV{Name: "w", Size: share(1, "FREE")}, lvm.ErrInvalid, "comes to no extent"},
		{"a share without bounds", lvm.CreateLV{Name: "w", Size: share(1<<32-1, "VG"), Stripes: 1}, nil, ""},
		{"negative stripes", lvm.CreateLV{Name: "w", Size: extents(1), Stripes: -1}, lvm.ErrInvalid, "-1 stripes, of at most 128"},
		{"many stripes", lvm.CreateLV{Name: "w", Size: extents(1), Stripes: 129}, lvm.ErrInvalid, "129 stripes"},
		{"stripe size", lvm.CreateLV{Name: "w", Size: extents(2), Stripes: 2, StripeSize: 24}, lvm.ErrInvalid, "no power of two"},
		{"small stripes", lvm.CreateLV{Name: "w", Size: extents(2), Stripes: 2, StripeSize: 4}, lvm.ErrInvalid, "no power of two"},
		{"policy", opt(lvm.Options{Allocation: "all"}), lvm.ErrInvalid, `allocation policy "all"`},
		{"tag", opt(lvm.Options{Tags: []string{"a b"}}), lvm.ErrName, `tag "a b"`},
		{"read-ahead", opt(lvm.Options{ReadAhead: 3}), lvm.ErrInvalid, "read-ahead of 3 sectors"},
		{"ID", opt(lvm.Options{ID: g.vg.LVs[0].ID}), lvm.ErrExists, "ID of v"},
		{"PV", at(on(5)), lvm.ErrNotFound, "PV " + pvID(5).String()},
		{"range", at(ranges(0, "5-10")), lvm.ErrInvalid, "extents 5-10 of a PV of 10"},
		{"range from behind the end", at(ranges(0, "10-")), lvm.ErrInvalid, "of a PV of 10"},
		{"range twice", at(ranges(0, "0-4:4-5")), lvm.ErrInvalid, "named twice"},
		{"PV twice", at(on(0, 0)), lvm.ErrInvalid, "named twice"},
		{"tag twice", at(lvm.Place{PVs: []lvm.PVChoice{{Tag: "fast"}, {Tag: "fast"}}}), lvm.ErrInvalid, "named twice"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.err == nil {
				_, err := g.try(test.op)
				require.NoError(t, err)
				return
			}
			g.refused(test.op, test.err, test.message)
		})
	}
	g.do(lvm.ChangeVG{MaxLV: new(uint32(1))})
	g.refused(lvm.CreateLV{Size: extents(1)}, lvm.ErrLimit, "max_lv of the VG is 1")
}

// longName is one that LVM takes, and for which no device's name has room.
const longName = "n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"

// A VG whose own policy is anywhere lets stripes share a PV only where the LV
// asks for it, too.
func TestStripesAnywhere(t *testing.T) {
	g := newGroup(t, 10, 10)
	anywhere := lvm.AllocAnywhere
	g.do(lvm.ChangeVG{Allocation: &anywhere})
	g.refused(lvm.CreateLV{Name: "v", Size: extents(6), Stripes: 3}, lvm.ErrInvalid, "3 stripes, and 2 PVs")
	g.refused(lvm.CreateLV{Name: "v", Size: extents(2), Stripes: 2, Place: on(0)}, lvm.ErrInvalid, "2 stripes, and 1 PVs")
	g.refused(lvm.CreateLV{Name: "v", Size: extents(2), Stripes: 2, Place: on(7)}, lvm.ErrNotFound, "PV")
	g.do(lvm.CreateLV{Name: "v", Size: extents(6), Stripes: 3, Options: lvm.Options{Allocation: anywhere}})
	require.Equal(t, "a:0-1|b:0-1|a:2-3", g.lv("v"))
}

// PVs that share a tag of the list are as one: stripes keep off them, and what
// is added stays with them.
func TestClingByTags(t *testing.T) {
	g := newGroup(t, 10, 10, 10, 10)
	for i, tag := range []string{"x", "x", "y", "z"} {
		g.do(lvm.TagPV{PV: pvID(i), Add: []string{tag}})
	}
	tags := lvm.Place{ClingTags: []string{"@x", "@y"}}
	g.do(lvm.CreateLV{Name: "s", Size: extents(4), Stripes: 2, Place: tags})
	require.Equal(t, "a:0-1|c:0-1", g.lv("s"))
	g.do(lvm.CreateLV{Name: "v", Size: extents(8), Place: lvm.Place{PVs: on(0).PVs, ClingTags: tags.ClingTags}})
	g.do(lvm.ExtendLV{Name: "v", By: extents(4), Place: tags})
	require.Equal(t, "a:2-9 b:0-3", g.lv("v"))
	g.do(lvm.ExtendLV{Name: "v", By: extents(6), Allocation: lvm.AllocCling, Place: lvm.Place{ClingTags: []string{"@*"}}})
	require.Equal(t, "a:2-9 b:0-9", g.lv("v"))
	g.refused(lvm.ExtendLV{Name: "v", By: extents(1), Allocation: lvm.AllocCling, Place: tags}, errNoSpace, "cling keeps to the PVs that the volume is on")
}

func TestParseExtentRanges(t *testing.T) {
	tests := map[string][]lvm.ExtentRange{
		"0-99":      {{First: 0, Last: 99}},
		"100-":      {{First: 100, Last: lvm.AllExtents}},
		"-9":        {{First: 0, Last: 9}},
		"-":         {{First: 0, Last: lvm.AllExtents}},
		"20+5":      {{First: 20, Last: 24}},
		"+5":        {{First: 0, Last: 4}},
		"7":         {{First: 7, Last: 7}},
		"0-1:5-:+1": {{First: 0, Last: 1}, {First: 5, Last: lvm.AllExtents}, {First: 0, Last: 0}},
	}
	for text, want := range tests {
		got, err := lvm.ParseExtentRanges(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", ":", "x", "5-4", "5+0", "5+x", "x+5", "1-x", "x-1", "1:", "4294967296", "--"} {
		_, err := lvm.ParseExtentRanges(text)
		require.ErrorIs(t, err, lvm.ErrInvalid, text)
	}
}
