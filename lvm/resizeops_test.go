package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// An LV v of 4 extents at a:0-3, with w behind it at a:4-5, on two PVs of 10.
func TestExtendLV(t *testing.T) {
	tests := []struct {
		name string
		op   lvm.ExtendLV
		want string
	}{
		{"by", lvm.ExtendLV{By: extents(2)}, "a:0-3 a:6-7"},
		{"to", lvm.ExtendLV{To: extents(6)}, "a:0-3 a:6-7"},
		{"by bytes", lvm.ExtendLV{By: sized(units.MiB + 1)}, "a:0-3 a:6-7"},
		{"by a share of itself", lvm.ExtendLV{By: share(50, "LV")}, "a:0-3 a:6-7"},
		{"by a share of what is free", lvm.ExtendLV{By: share(50, "FREE")}, "a:0-3 a:6-9 b:0-2"},
		{"to a share of the VG", lvm.ExtendLV{To: share(30, "VG")}, "a:0-3 a:6-7"},
		{"to more than there is", lvm.ExtendLV{To: share(100, "VG")}, "a:0-3 a:6-9 b:0-9"},
		{"by all that is free", lvm.ExtendLV{By: share(100, "FREE")}, "a:0-3 a:6-9 b:0-9"},
		{"on a PV", lvm.ExtendLV{By: extents(2), Place: on(1)}, "a:0-3 b:0-1"},
		{"by a share of a PV", lvm.ExtendLV{By: share(50, "PVS"), Place: on(1)}, "a:0-3 b:0-4"},
		{"with stripes", lvm.ExtendLV{By: extents(4), Stripes: 2, StripeSize: 8}, "a:0-3 a:6-7|b:0-1"},
		{"with stripes of the size of none", lvm.ExtendLV{By: extents(4), Stripes: 2}, "a:0-3 a:6-7|b:0-1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := newGroup(t, 10, 10)
			g.do(lvm.CreateLV{Name: "v", Size: extents(4)}, lvm.CreateLV{Name: "w", Size: extents(2), Place: ranges(0, "4-5")})
			op := test.op
			op.Name = "v"
			g.do(op)
			require.Equal(t, test.want, g.lv("v"))
		})
	}
	// What goes on where the last segment ends is one segment with it.
	g := newGroup(t, 10, 10)
	g.do(lvm.CreateLV{Name: "v", Size: extents(4)}, lvm.ExtendLV{Name: "v", By: extents(2)})
	require.Equal(t, "a:0-5", g.lv("v"))
	g.do(lvm.CreateLV{Name: "s", Size: extents(4), Stripes: 2}, lvm.ExtendLV{Name: "s", By: extents(1)}, lvm.ExtendLV{Name: "s", By: extents(1), Stripes: 1})
	require.Equal(t, "a:6-8|b:0-2 a:9-9", g.lv("s"))
	g.refused(lvm.ExtendLV{Name: "s", By: extents(1)}, lvm.ErrInvalid, "its segments differ")
	g.do(lvm.ReduceLV{Name: "v", By: extents(1)}, lvm.ExtendLV{Name: "s", By: extents(2), Stripes: 2})
	require.Equal(t, "a:6-8|b:0-2 a:9-9 a:5-5|b:3-3", g.lv("s"))
}

func TestReduceLV(t *testing.T) {
	tests := []struct {
		name string
		op   lvm.ReduceLV
		want string // of a:0-5 b:0-3, or of the stripes a:0-2|b:0-2 c:…
	}{
		{"by", lvm.ReduceLV{Name: "v", By: extents(2)}, "a:0-5 b:0-1"},
		{"by a segment", lvm.ReduceLV{Name: "v", By: extents(4)}, "a:0-5"},
		{"by more than one", lvm.ReduceLV{Name: "v", By: extents(5)}, "a:0-4"},
		{"to", lvm.ReduceLV{Name: "v", To: extents(1)}, "a:0-0"},
		{"by a part of an extent, which stays", lvm.ReduceLV{Name: "v", By: sized(2*units.MiB - 512)}, "a:0-5 b:0-2"},
		{"by a share", lvm.ReduceLV{Name: "v", By: share(50, "LV")}, "a:0-4"},
		{"to a share", lvm.ReduceLV{Name: "v", To: share(55, "LV")}, "a:0-5"},
		{"stripes stay whole", lvm.ReduceLV{Name: "s", By: extents(3)}, "a:6-7|b:4-5"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := newGroup(t, 10, 10)
			g.do(lvm.CreateLV{Name: "v", Size: extents(6)}, lvm.ExtendLV{Name: "v", By: extents(4), Place: on(1)},
				lvm.CreateLV{Name: "s", Size: extents(6), Stripes: 2})
			g.do(test.op)
			require.Equal(t, test.want, g.lv(test.op.Name))
			g.do(lvm.CreateLV{Name: "rest", Size: share(100, "FREE")}) // what was cut off is free
			require.EqualValues(t, 20-g.vg.LV("v").Size()-g.vg.LV("s").Size(), g.vg.LV("rest").Size())
		})
	}
}

func TestResizeRefused(t *testing.T) {
	g := stack(t)
	yes := uint32(0)
	tests := []struct {
		op      lvm.Op
		err     error
		message string
	}{
		{lvm.ExtendLV{Name: "none", By: extents(1)}, lvm.ErrNotFound, "extend LV vg/none"},
		{lvm.ExtendLV{Name: "o"}, lvm.ErrInvalid, "one of To and By"},
		{lvm.ExtendLV{Name: "o", To: extents(9), By: extents(1)}, lvm.ErrInvalid, "one of To and By"},
		{lvm.ExtendLV{Name: "o", To: extents(5)}, lvm.ErrUnchanged, "it has 5 extents"},
		{lvm.ExtendLV{Name: "o", To: extents(4)}, lvm.ErrInvalid, "4 extents are less than its 5"},
		{lvm.ExtendLV{Name: "o", To: extents(1 << 32)}, lvm.ErrLimit, "4294967296 extents"},
		{lvm.ExtendLV{Name: "o", By: share(10, "ORIGIN")}, lvm.ErrInvalid, "a share of ORIGIN"},
		{lvm.ExtendLV{Name: "o", By: extents(1), Allocation: "x"}, lvm.ErrInvalid, "allocation policy"},
		{lvm.ExtendLV{Name: "o", By: extents(2), Stripes: 2, StripeSize: 9}, lvm.ErrInvalid, "no power of two"},
		{lvm.ExtendLV{Name: "o", By: extents(1), Place: on(8)}, lvm.ErrNotFound, "PV"},
		{lvm.ExtendLV{Name: "ext", By: extents(1)}, lvm.ErrInUse, "an external origin"},
		{lvm.ExtendLV{Name: "lvol0_pmspare", By: extents(1)}, lvm.ErrInUse, "the spare grows with"},
		{lvm.ExtendLV{Name: "t", To: extents(9)}, lvm.ErrUnchanged, "it has 9 extents"},
		{lvm.ReduceLV{Name: "none", By: extents(1)}, lvm.ErrNotFound, "reduce LV vg/none"},
		{lvm.ReduceLV{Name: "ext", By: extents(1)}, lvm.ErrInUse, "an external origin"},
		{lvm.ReduceLV{Name: "p", By: extents(1)}, lvm.ErrInUse, "a thin pool cannot be reduced"},
		{lvm.ReduceLV{Name: "p_tdata", By: extents(1)}, lvm.ErrInUse, "a thin pool cannot be reduced"},
		{lvm.ReduceLV{Name: "p_tmeta", By: extents(1)}, lvm.ErrInUse, "a thin pool's metadata cannot be reduced"},
		{lvm.ReduceLV{Name: "o", By: extents(1)}, lvm.ErrInUse, "copy-on-write snapshots"},
		{lvm.ReduceLV{Name: "s"}, lvm.ErrInvalid, "one of To and By"},
		{lvm.ReduceLV{Name: "s", By: extents(9)}, lvm.ErrInvalid, "must keep one"},
		{lvm.ReduceLV{Name: "s", To: extents(10)}, lvm.ErrInvalid, "more than its 9"},
		{lvm.ReduceLV{Name: "s", To: extents(9)}, lvm.ErrUnchanged, "it has 9 extents"},
		{lvm.ReduceLV{Name: "s", By: share(10, "FREE")}, lvm.ErrInvalid, "a share of FREE"},
		{lvm.ReduceLV{Name: "c1", To: share(10, "PVZ")}, lvm.ErrInvalid, "a share of PVZ"},
		{lvm.ReduceLV{Name: "c1", By: share(10, "PVZ")}, lvm.ErrInvalid, "a share of PVZ"},
		{lvm.ReduceLV{Name: "c1", By: sized(units.MiB - 512)}, lvm.ErrUnchanged, "it has 2 extents"},
	}
	for _, test := range tests {
		g.refused(test.op, test.err, test.message)
	}
	g.do(lvm.ChangeVG{MaxLV: &yes})
}

// A pool's data and metadata grow, and the spare with the metadata. A thin
// volume has another size, and nothing else.
func TestResizeThin(t *testing.T) {
	g := newGroup(t, 30, 30)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(4)}, lvm.CreateThin{Pool: "p", Name: "t", Size: extents(5)})
	g.complete("p")
	g.do(lvm.ExtendLV{Name: "p", By: extents(2)})
	require.Equal(t, "pool 6 p_tdata p_tmeta id 1", g.lv("p"))
	require.EqualValues(t, 6, g.vg.LV("p_tdata").Size())
	g.do(lvm.ExtendLV{Name: "p_tdata", To: extents(7)})
	require.Equal(t, "pool 7 p_tdata p_tmeta id 1", g.lv("p"))
	g.do(lvm.ExtendLV{Name: "p_tmeta", By: extents(3)})
	require.EqualValues(t, 5, g.vg.LV("p_tmeta").Size())
	require.EqualValues(t, 5, g.vg.LV("lvol0_pmspare").Size())
	g.do(lvm.ExtendLV{Name: "p_tmeta", By: extents(1), Place: on(1)}) // as in lvm2 the spare stays then
	require.EqualValues(t, 5, g.vg.LV("lvol0_pmspare").Size())

	g.do(lvm.ExtendLV{Name: "t", To: extents(1000)})
	require.Equal(t, "thin 1000 p/1 id 0", g.lv("t"))
	g.do(lvm.ReduceLV{Name: "t", By: share(50, "LV")}, lvm.ExtendLV{Name: "t", By: extents(1)})
	require.Equal(t, "thin 501 p/1 id 0", g.lv("t"))
}

// Metadata that grows above what lvm2 once used is used whole from then on, and
// is no larger than the kernel's.
func TestLargeMetadata(t *testing.T) {
	g := newGroup(t, 60<<10)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(4)}, lvm.ExtendLV{Name: "p_tmeta", To: extents(16192)})
	require.False(t, g.vg.LV("p").Segments[0].Flags.Has(lvm.FlagCropMetadata))
	g.do(lvm.ExtendLV{Name: "p_tmeta", By: extents(1)})
	require.True(t, g.vg.LV("p").Segments[0].Flags.Has(lvm.FlagCropMetadata))
	g.do(lvm.ExtendLV{Name: "p_tmeta", By: extents(9000)})
	require.EqualValues(t, 16257, g.vg.LV("p_tmeta").Size())
	require.EqualValues(t, 16257, g.vg.LV("lvol0_pmspare").Size())
	g.refused(lvm.ExtendLV{Name: "p_tmeta", By: extents(1)}, lvm.ErrUnchanged, "it has 16257 extents")
}

// LVs of zeros and of errors have a size, and no extents.
func TestResizeVirtual(t *testing.T) {
	g := parsed(t, "targets")
	before := g.vg.LV("z").Size()
	g.do(lvm.ExtendLV{Name: "z", By: extents(3)})
	require.Equal(t, before+3, g.vg.LV("z").Size())
	g.do(lvm.ReduceLV{Name: "z", By: extents(2)})
	require.Equal(t, before+1, g.vg.LV("z").Size())
}
