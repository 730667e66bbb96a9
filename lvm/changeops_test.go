package lvm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

func TestChangeLV(t *testing.T) {
	g := stack(t)
	g.do(lvm.CreateLV{Name: "own", Size: extents(1)})
	yes, no := true, false
	ahead, none, odd, same := lvm.ReadAhead(16), lvm.ReadAheadNone, lvm.ReadAhead(-2), lvm.ReadAheadAuto
	cling, byTags, inherit, bad := lvm.AllocCling, lvm.AllocClingByTag, lvm.AllocInherit, lvm.Allocation("x")
	g.do(lvm.ChangeLV{Name: "own", Writable: &no, ReadAhead: &ahead, Allocation: &byTags, ActivationSkip: &yes, AutoActivate: &no})
	lv := g.vg.LV("own")
	require.False(t, lv.Writable())
	require.Equal(t, ahead, lv.ReadAhead)
	require.Equal(t, cling, lv.Allocation)
	require.Equal(t, lvm.Flags{lvm.FlagActivationSkip, lvm.FlagNoAutoActivate}, lv.Flags)
	g.refused(lvm.ChangeLV{Name: "own", Writable: &no}, lvm.ErrUnchanged, "permission")
	g.refused(lvm.ChangeLV{Name: "own", ReadAhead: &ahead}, lvm.ErrUnchanged, "read-ahead")
	g.refused(lvm.ChangeLV{Name: "own", Allocation: &cling}, lvm.ErrUnchanged, "allocation policy")
	g.do(lvm.ChangeLV{Name: "own", Writable: &yes, ReadAhead: &none, Allocation: &inherit, ActivationSkip: &no, AutoActivate: &yes})
	lv = g.vg.LV("own")
	require.True(t, lv.Writable())
	require.Equal(t, none, lv.ReadAhead)
	require.Equal(t, inherit, lv.Allocation)
	require.Empty(t, lv.Flags)
	g.do(lvm.ChangeLV{Name: "own", ReadAhead: &same}, lvm.ChangeLV{Name: "own", ActivationSkip: &no}) // which lvm2 does not mind

	g.refused(lvm.ChangeLV{Name: "nothing"}, lvm.ErrNotFound, "change LV vg/nothing")
	g.refused(lvm.ChangeLV{Name: "own", ReadAhead: &odd}, lvm.ErrInvalid, "read-ahead of -2")
	g.refused(lvm.ChangeLV{Name: "own", Allocation: &bad}, lvm.ErrInvalid, `allocation policy "x"`)
	for _, op := range []lvm.ChangeLV{{Name: "o", ReadAhead: &ahead}, {Name: "o", Allocation: &cling}} {
		g.refused(op, lvm.ErrInUse, "it has snapshots")
	}
	g.do(lvm.ChangeLV{Name: "o", AutoActivate: &no})
	g.refused(lvm.ChangeLV{Name: "ext", Writable: &yes}, lvm.ErrInUse, "must stay read-only")
	g.refused(lvm.ChangeLV{Name: "p_tmeta", ActivationSkip: &yes}, lvm.ErrInUse, "a part of another LV")
	g.refused(lvm.ChangeLV{Name: "lvol0_pmspare", ActivationSkip: &yes}, lvm.ErrInUse, "a part of another LV")
	g.do(lvm.ChangeLV{Name: "p_tdata", ActivationSkip: &yes}, lvm.ChangeLV{Name: "c1", ActivationSkip: &yes})

	// A volume of an older lvm2's WRITE_LOCKED is writable until it is changed.
	locked := g.vg.Clone()
	for i, lv := range locked.LVs {
		if lv.Name == "own" {
			lv = lv.Clone()
			lv.Status, lv.Flags = lv.Status.Without(lvm.FlagWrite), lv.Flags.With(lvm.FlagWriteLocked)
			locked.LVs[i] = lv
		}
	}
	g.vg = locked
	g.refused(lvm.ChangeLV{Name: "own", Writable: &yes}, lvm.ErrUnchanged, "permission")
	g.do(lvm.ChangeLV{Name: "own", Writable: &no})
	require.False(t, g.vg.LV("own").Writable())
}

func TestTags(t *testing.T) {
	g := newGroup(t, 10)
	g.do(lvm.CreateLV{Name: "v", Size: extents(1)})
	g.do(lvm.TagVG{Add: []string{"@x", "y", "x"}}, lvm.TagLV{Name: "v", Add: []string{"x", "@y"}}, lvm.TagPV{PV: pvID(0), Add: []string{"z"}})
	require.Equal(t, []string{"x", "y"}, g.vg.Tags)
	require.Equal(t, []string{"x", "y"}, g.vg.LV("v").Tags)
	require.Equal(t, []string{"z"}, g.vg.PVs[0].Tags)
	// One that is added and removed stays with a VG, and goes from others.
	g.do(lvm.TagVG{Add: []string{"y"}, Remove: []string{"@y", "none"}}, lvm.TagLV{Name: "v", Add: []string{"y"}, Remove: []string{"y"}},
		lvm.TagPV{PV: pvID(0), Remove: []string{"z"}})
	require.Equal(t, []string{"x", "y"}, g.vg.Tags)
	require.Equal(t, []string{"x"}, g.vg.LV("v").Tags)
	require.Nil(t, g.vg.PVs[0].Tags)

	longest := strings.Repeat("x", 1024)
	g.do(lvm.TagVG{Add: []string{longest}})
	for _, tag := range []string{"", "@", "a b", "a@b", "ä", longest + "x"} {
		g.refused(lvm.TagVG{Add: []string{tag}}, lvm.ErrName, "tag VG vg: tag")
		if len(tag) <= len(longest) {
			g.refused(lvm.TagVG{Remove: []string{tag}}, lvm.ErrName, "tag VG vg: tag")
		}
		g.refused(lvm.TagLV{Name: "v", Add: []string{tag}}, lvm.ErrName, "tag LV vg/v: tag")
		g.refused(lvm.TagPV{PV: pvID(0), Add: []string{tag}}, lvm.ErrName, "tag PV "+pvID(0).String())
	}
	// lvm2 2.03.16 takes longer ones all the same.
	g.vg = tagged(g.vg, longest+"xyz")
	g.do(lvm.TagVG{Remove: []string{"@" + longest + "xyz"}})
	require.Equal(t, []string{"x", "y", longest}, g.vg.Tags)
	g.refused(lvm.TagLV{Name: "none", Add: []string{"x"}}, lvm.ErrNotFound, "tag LV vg/none")
	g.refused(lvm.TagPV{PV: pvID(7), Add: []string{"x"}}, lvm.ErrNotFound, "tag PV "+pvID(7).String())
	g = stack(t)
	g.refused(lvm.TagLV{Name: "p_tmeta", Add: []string{"x"}}, lvm.ErrInUse, "a part of another LV")
	g.do(lvm.TagLV{Name: "p_tdata", Add: []string{"x"}})
}

func TestPVs(t *testing.T) {
	g := newGroup(t, 10, 10)
	g.do(lvm.CreateLV{Name: "v", Size: extents(3), Place: ranges(0, "4-6")})
	c := lvm.NewPV{ID: pvID(2), Device: "c", Size: 2048 * 6, Start: 2048, End: 2048*5 + 100, BootStart: 8, BootLength: 8}
	g.do(lvm.AddPVs{PVs: []lvm.NewPV{c}})
	require.EqualValues(t, 4, g.vg.PVs[2].Count)
	require.EqualValues(t, 8, g.vg.PVs[2].BootLength)
	g.do(lvm.CreateLV{Name: "w", Size: extents(4), Place: on(2)}, lvm.RemovePV{PV: pvID(1)})
	require.Len(t, g.vg.PVs, 2)
	require.Equal(t, "c:0-3", g.lv("w"))

	g.refused(lvm.AddPVs{PVs: []lvm.NewPV{c}}, lvm.ErrExists, "PV "+pvID(2).String())
	g.refused(lvm.AddPVs{PVs: []lvm.NewPV{{Device: "d", Size: 9999, Start: 8}}}, lvm.ErrInvalid, "PV d: data from sector 8")
	g.refused(lvm.AddPVs{PVs: []lvm.NewPV{{ID: pvID(3), Device: "d", Size: 9, Start: 10}}}, lvm.ErrInvalid, "PV d: data from sector 10 to 9 of 9")
	g.refused(lvm.AddPVs{PVs: []lvm.NewPV{{ID: pvID(3), Device: "d", Size: 9, Start: 1, End: 10}}}, lvm.ErrInvalid, "to 10 of 9")
	g.refused(lvm.AddPVs{PVs: []lvm.NewPV{{ID: pvID(3), Device: "d", Size: 2048 << 32, Start: 1}}}, lvm.ErrLimit, "extents in a VG")
	g.refused(lvm.RemovePV{PV: pvID(2)}, lvm.ErrInUse, "4 of its extents")
	g.refused(lvm.RemovePV{PV: pvID(9)}, lvm.ErrNotFound, "reduce VG vg, PV "+pvID(9).String())
	g.do(lvm.RemoveLV{Name: "w"}, lvm.RemovePV{PV: pvID(2)}, lvm.RemoveLV{Name: "v"})
	g.refused(lvm.RemovePV{PV: pvID(0)}, lvm.ErrInUse, "it is the last PV")

	g.do(lvm.ChangePV{PV: pvID(0)})
	require.False(t, g.vg.PVs[0].Allocatable())
	g.refused(lvm.ChangePV{PV: pvID(0)}, lvm.ErrUnchanged, "allocatable")
	g.refused(lvm.ChangePV{PV: pvID(9)}, lvm.ErrNotFound, "change PV")
	g.refused(lvm.CreateLV{Name: "v", Size: extents(1)}, errNoSpace, "10MiB is on PVs that are not allocatable")
	g.do(lvm.ChangePV{PV: pvID(0), Allocatable: true}, lvm.ChangeVG{MaxPV: new(uint32(1))})
	g.refused(lvm.AddPVs{PVs: []lvm.NewPV{c}}, lvm.ErrLimit, "max_pv of the VG is 1")
}

func TestResizePVOfAVG(t *testing.T) {
	g := newGroup(t, 10, 10)
	g.do(lvm.CreateLV{Name: "v", Size: extents(3), Place: ranges(0, "4-6")})
	g.do(lvm.ResizePV{PV: pvID(0), Size: 2048 * 8})
	require.EqualValues(t, 7, g.vg.PVs[0].Count)
	require.EqualValues(t, 2048*7, g.vg.PVs[0].Size) // as lvm2: of the data alone
	g.refused(lvm.ResizePV{PV: pvID(0), Size: 2048*8 - 1}, lvm.ErrInUse, "extent 6, and 6 would be left")
	g.refused(lvm.ResizePV{PV: pvID(0), Size: 2048}, lvm.ErrInvalid, "no extent fits into sectors 2048 to 2048")
	g.refused(lvm.ResizePV{PV: pvID(0), Size: 4096, End: 5000}, lvm.ErrInvalid, "no extent fits")
	g.refused(lvm.ResizePV{PV: pvID(9), Size: 8192}, lvm.ErrNotFound, "resize PV "+pvID(9).String())
	g.refused(lvm.ResizePV{PV: pvID(0), Size: 2048 << 32}, lvm.ErrLimit, "extents in a VG")
	g.do(lvm.ResizePV{PV: pvID(0), Size: 2048 * 40, End: 2048 * 31})
	require.EqualValues(t, 30, g.vg.PVs[0].Count)
	g.do(lvm.CreateLV{Name: "w", Size: extents(23), Place: ranges(0, "7-")})
	require.Equal(t, "a:7-29", g.lv("w"))
	g.refused(lvm.ResizePV{PV: pvID(0), Size: 2048 * 30}, lvm.ErrInUse, "extent 29, and 29 would be left")
}

func TestChangeVG(t *testing.T) {
	g := stack(t)
	yes, no := true, false
	one, many, four := uint32(1), uint32(20), uint32(4)
	cling, normal, inherit, bad := lvm.AllocCling, lvm.AllocNormal, lvm.AllocInherit, lvm.Allocation("x")
	host, nobody, id := "host", "", testID(5)
	g.do(lvm.ChangeVG{Allocation: &cling, AutoActivate: &no, MaxLV: &many, MaxPV: &four, MetadataCopies: &one, SystemID: &host, ID: &id}, lvm.ChangeVG{Resizeable: &no})
	require.Equal(t, cling, g.vg.Allocation)
	require.Equal(t, id, g.vg.ID)
	require.Equal(t, "host", g.vg.SystemID)
	require.True(t, g.vg.Flags.Has(lvm.FlagNoAutoActivate) && g.vg.Flags.Has(lvm.FlagWriteLocked))
	require.False(t, g.vg.Status.Has(lvm.FlagResizeable))
	require.EqualValues(t, 20, g.vg.MaxLV)
	g.refused(lvm.ChangeVG{Allocation: &cling}, lvm.ErrUnchanged, "allocation policy")
	g.refused(lvm.ChangeVG{Resizeable: &no}, lvm.ErrUnchanged, "resizeable")
	g.refused(lvm.ChangeVG{AutoActivate: &no}, lvm.ErrUnchanged, "autoactivation")
	g.refused(lvm.ChangeVG{MaxLV: &many}, lvm.ErrReadOnly, "its limits stay")
	g.refused(lvm.AddPVs{PVs: []lvm.NewPV{{}}}, lvm.ErrReadOnly, "it is not resizeable")
	g.refused(lvm.RemovePV{PV: pvID(0)}, lvm.ErrReadOnly, "it is not resizeable")
	g.refused(lvm.ChangeVG{Allocation: &inherit}, lvm.ErrInvalid, "a VG inherits no policy")
	g.refused(lvm.ChangeVG{Allocation: &bad}, lvm.ErrInvalid, `allocation policy "x"`)
	g.do(lvm.ChangeVG{Resizeable: &yes, Allocation: &normal, SystemID: &nobody, AutoActivate: &yes})
	require.Equal(t, inherit, g.vg.Allocation)
	require.True(t, g.vg.Status.Has(lvm.FlagWrite))
	g.refused(lvm.ChangeVG{MaxLV: &one}, lvm.ErrLimit, "it has 9 LVs")
	none := uint32(0)
	g.do(lvm.AddPVs{PVs: []lvm.NewPV{{ID: pvID(1), Device: "b", Size: 9999, Start: 2048}}})
	g.refused(lvm.ChangeVG{MaxPV: &one}, lvm.ErrLimit, "it has 2 PVs")
	g.do(lvm.ChangeVG{MaxPV: &none, MaxLV: &none})

	g.do(lvm.RenameVG{To: "other"})
	require.Equal(t, "other", g.vg.Name)
	g.refused(lvm.RenameVG{To: "other"}, lvm.ErrUnchanged, "the names are the same")
	g.refused(lvm.RenameVG{To: "a/b"}, lvm.ErrName, "rename VG other")
	g.refused(lvm.RenameVG{To: longName}, lvm.ErrName, "too long for a device's name")
}

func TestNewVGRefused(t *testing.T) {
	pv := []lvm.NewPV{{ID: pvID(0), Device: "a", Size: 99999, Start: 2048}}
	tests := []struct {
		req lvm.CreateVG
		err error
	}{
		{lvm.CreateVG{Name: "a/b", PVs: pv}, lvm.ErrName},
		{lvm.CreateVG{Name: "vg"}, lvm.ErrInvalid},
		{lvm.CreateVG{Name: "vg", PVs: pv, ExtentSize: 3}, lvm.ErrInvalid},
		{lvm.CreateVG{Name: "vg", PVs: pv, ExtentSize: 1 << 32}, lvm.ErrInvalid},
		{lvm.CreateVG{Name: "vg", PVs: pv, Allocation: "x"}, lvm.ErrInvalid},
		{lvm.CreateVG{Name: "vg", PVs: pv, Tags: []string{"a b"}}, lvm.ErrName},
		{lvm.CreateVG{Name: "vg", PVs: append(pv, pv...)}, lvm.ErrExists},
		{lvm.CreateVG{Name: "vg", PVs: append(pv, lvm.NewPV{ID: pvID(1), Size: 99, Start: 9}), MaxPV: 1}, lvm.ErrLimit},
	}
	for _, test := range tests {
		vg, err := lvm.NewVG(test.req, lvm.Stamp{})
		require.ErrorIs(t, err, test.err)
		require.Nil(t, vg)
		var refused *lvm.OpError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "create VG", refused.Op)
	}
	vg, err := lvm.NewVG(lvm.CreateVG{Name: "vg", PVs: pv, SystemID: "host", NoAutoActivate: true, Allocation: lvm.AllocNormal, Tags: []string{"x"}},
		lvm.Stamp{NewID: func() lvm.ID { return testID(3) }})
	require.NoError(t, err)
	require.Equal(t, testID(3), vg.ID)
	require.EqualValues(t, 8192, vg.ExtentSize)
	require.Equal(t, lvm.AllocInherit, vg.Allocation)
	require.Equal(t, lvm.Flags{lvm.FlagWriteLocked, lvm.FlagNoAutoActivate}, vg.Flags)
}
