package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// complete does what activation does: the kernel has had the messages.
func (g *group) complete(pools ...string) {
	g.t.Helper()
	for _, pool := range pools {
		g.do(lvm.CompletePool{Pool: pool})
	}
}

func TestCreateThinPool(t *testing.T) {
	g := newGroup(t, 20, 20)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(10)})
	require.Equal(t, "pool 10 p_tdata p_tmeta id 0", g.lv("p"))
	require.Equal(t, "a:2-11", g.lv("p_tdata"))
	require.Equal(t, "b:0-1", g.lv("p_tmeta"))
	require.Equal(t, "a:0-1", g.lv("lvol0_pmspare"))
	require.Equal(t, "p lvol0_pmspare p_tmeta p_tdata", g.names())
	pool := g.vg.LV("p").Segments[0].Type.(*lvm.ThinPool)
	require.EqualValues(t, 128, pool.ChunkSize)
	require.Equal(t, lvm.DiscardsPassdown, pool.Discards)
	require.True(t, pool.ZeroNewBlocks)
	require.False(t, g.vg.LV("p").Flags.Has(lvm.FlagErrorWhenFull))
	require.Equal(t, lvm.Flags{lvm.FlagRead, lvm.FlagWrite}, g.vg.LV("p_tmeta").Status)

	// A second one: the spare grows to the larger metadata, or stays.
	g.do(lvm.CreateThinPool{
		Name: "q", Size: extents(4), Stripes: 2, StripeSize: 64, ChunkSize: 256, MetadataSize: extents(3), Discards: lvm.DiscardsIgnore,
		NoZeroing: true, ErrorWhenFull: true, Options: lvm.Options{Tags: []string{"x"}},
	})
	require.Equal(t, "pool 4 q_tdata q_tmeta id 0", g.lv("q"))
	require.EqualValues(t, 3, g.vg.LV("q_tmeta").Size())
	require.EqualValues(t, 3, g.vg.LV("lvol0_pmspare").Size())
	require.Len(t, g.vg.LV("q_tdata").Segments[0].Type.(*lvm.Striped).Areas, 2)
	pool = g.vg.LV("q").Segments[0].Type.(*lvm.ThinPool)
	require.EqualValues(t, 256, pool.ChunkSize)
	require.Equal(t, lvm.DiscardsIgnore, pool.Discards)
	require.False(t, pool.ZeroNewBlocks)
	require.True(t, g.vg.LV("q").Flags.Has(lvm.FlagErrorWhenFull))
	require.Equal(t, []string{"x"}, g.vg.LV("q").Tags)
	g.do(lvm.CreateThinPool{Name: "r", Size: extents(1)})
	require.EqualValues(t, 3, g.vg.LV("lvol0_pmspare").Size())

	// Without a name, which comes behind the spare's.
	g = newGroup(t, 20)
	g.do(lvm.CreateThinPool{Size: extents(2)})
	require.Equal(t, "lvol1 lvol0_pmspare lvol1_tmeta lvol1_tdata", g.names())
	g = newGroup(t, 20)
	g.do(lvm.CreateThinPool{Size: extents(2), NoSpare: true})
	require.Equal(t, "lvol0 lvol0_tmeta lvol0_tdata", g.names())
}

// A pool over several PVs, with metadata that is large beside them, lies where lvm2
// 2.03.16 puts it: behind its metadata, too, and that where a stripe leaves as much.
func TestPoolOverPVs(t *testing.T) {
	tests := []struct {
		counts         []lvm.Extents
		op             lvm.CreateThinPool
		data, metadata string
	}{
		{[]lvm.Extents{96, 72, 83, 89}, lvm.CreateThinPool{Size: extents(138)}, "a:0-95 b:16-57", "b:0-15"},
		{[]lvm.Extents{89, 65}, lvm.CreateThinPool{Size: extents(138), Options: lvm.Options{Allocation: lvm.AllocAnywhere}}, "a:0-88 b:16-64", "b:0-15"},
		{[]lvm.Extents{89, 65}, lvm.CreateThinPool{Size: extents(130), Stripes: 2}, "a:0-64|b:0-64", "a:65-80"},
		{[]lvm.Extents{113, 72}, lvm.CreateThinPool{Size: extents(120), Stripes: 2}, "a:0-59|b:0-59", "a:60-75"},
		{[]lvm.Extents{113, 72}, lvm.CreateThinPool{Size: extents(112), Stripes: 2}, "a:0-55|b:0-55", "b:56-71"},
		{[]lvm.Extents{113, 72}, lvm.CreateThinPool{Size: extents(100), Stripes: 2}, "a:0-49|b:0-49", "b:50-65"},
	}
	for _, test := range tests {
		g := newGroup(t, test.counts...)
		op := test.op
		op.Name, op.MetadataSize, op.NoSpare = "p", extents(16), true
		g.do(op)
		require.Equal(t, test.data, g.lv("p_tdata"))
		require.Equal(t, test.metadata, g.lv("p_tmeta"))
	}
	g := newGroup(t, 89, 65)
	g.refused(lvm.CreateThinPool{Name: "p", Size: extents(139), MetadataSize: extents(16), NoSpare: true}, errNoSpace, "138MiB (138 extents) fits")
	g.refused(lvm.CreateThinPool{Name: "p", Size: extents(138), MetadataSize: extents(16), NoSpare: true, Options: lvm.Options{Allocation: lvm.AllocCling}},
		errNoSpace, "cling keeps to the PVs")
}

// The sizes of chunks and of metadata, as lvm2 reckons them: the metadata has 64
// bytes for each chunk, and from 2 MiB to 128 MiB where the chunks may be larger.
func TestThinPoolSizes(t *testing.T) {
	tests := []struct {
		name            string
		op              lvm.CreateThinPool
		chunk           units.Sectors
		metadata, spare lvm.Extents
	}{
		{"small", lvm.CreateThinPool{Size: extents(100)}, 128, 2, 2},
		{"10 GiB", lvm.CreateThinPool{Size: extents(10 << 10)}, 128, 10, 10},
		{"at 128 MiB", lvm.CreateThinPool{Size: extents(128 << 10)}, 128, 128, 128},
		{"above", lvm.CreateThinPool{Size: extents(128<<10 + 1)}, 256, 65, 65},
		{"4 TiB", lvm.CreateThinPool{Size: extents(4 << 20)}, 4096, 128, 128},
		{"large chunks", lvm.CreateThinPool{Size: extents(10 << 10), ChunkSize: 2097152}, 2097152, 2, 2},
		{"small chunks, much data", lvm.CreateThinPool{Size: extents(17 << 20), ChunkSize: 128}, 128, 16257, 16257},
		{"little metadata", lvm.CreateThinPool{Size: extents(10 << 10), MetadataSize: extents(1)}, 1024, 2, 2},
		{"metadata for its chunks", lvm.CreateThinPool{Size: extents(10 << 10), MetadataSize: extents(5)}, 256, 5, 5},
		{"too much metadata", lvm.CreateThinPool{Size: extents(1), MetadataSize: extents(20 << 10)}, 128, 16257, 16257},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := newGroup(t, 18<<20)
			op := test.op
			op.Name = "p"
			g.do(op)
			require.Equal(t, test.chunk, g.vg.LV("p").Segments[0].Type.(*lvm.ThinPool).ChunkSize)
			require.Equal(t, test.metadata, g.vg.LV("p_tmeta").Size())
			require.Equal(t, test.spare, g.vg.LV("lvol0_pmspare").Size())
			require.Equal(t, test.metadata > 16192, g.vg.LV("p").Segments[0].Flags.Has(lvm.FlagCropMetadata))
		})
	}
}

// Of a share of what is free, the metadata and the spare are left.
func TestThinPoolShares(t *testing.T) {
	tests := []struct {
		of      string
		percent uint32
		place   lvm.Place
		want    lvm.Extents
	}{
		{"FREE", 100, lvm.Place{}, 36}, {"FREE", 50, lvm.Place{}, 16}, {"VG", 50, lvm.Place{}, 20}, {"PVS", 100, on(0), 16},
	}
	for _, test := range tests {
		g := newGroup(t, 20, 20)
		g.do(lvm.CreateThinPool{Name: "p", Size: share(test.percent, test.of), Place: test.place})
		require.Equal(t, test.want, g.vg.LV("p").Size(), "%d%% of %s", test.percent, test.of)
	}
	g := newGroup(t, 3)
	g.refused(lvm.CreateThinPool{Name: "p", Size: share(100, "FREE")}, errNoSpace, "nothing fits")
}

func TestCreateThinPoolRefused(t *testing.T) {
	g := newGroup(t, 20)
	g.do(lvm.CreateLV{Name: "v", Size: extents(1)})
	tests := []struct {
		op      lvm.CreateThinPool
		err     error
		message string
	}{
		{lvm.CreateThinPool{Name: "v", Size: extents(1)}, lvm.ErrExists, "v"},
		{lvm.CreateThinPool{Name: "p_tmeta", Size: extents(1)}, lvm.ErrName, "LVM's own"},
		{lvm.CreateThinPool{Name: longName[:115], Size: extents(1)}, lvm.ErrName, "too long"},
		{lvm.CreateThinPool{Name: "p"}, lvm.ErrInvalid, "no size"},
		{lvm.CreateThinPool{Name: "p", Size: extents(1), Discards: "all"}, lvm.ErrInvalid, `discards "all"`},
		{lvm.CreateThinPool{Name: "p", Size: extents(1), ChunkSize: 192}, lvm.ErrInvalid, "chunk size 192 sectors"},
		{lvm.CreateThinPool{Name: "p", Size: extents(1), ChunkSize: 2097280}, lvm.ErrInvalid, "chunk size"},
		{lvm.CreateThinPool{Name: "p", Size: extents(1), Stripes: -2}, lvm.ErrInvalid, "-2 stripes"},
		{lvm.CreateThinPool{Name: "p", Size: extents(1), MetadataSize: share(10, "VG")}, lvm.ErrInvalid, "no share"},
		{lvm.CreateThinPool{Name: "p", Size: share(10, "ORIGIN")}, lvm.ErrInvalid, "a share of ORIGIN"},
		{lvm.CreateThinPool{Name: "p", Size: share(1, "VG")}, lvm.ErrInvalid, "comes to no extent"},
		{lvm.CreateThinPool{Name: "p", Size: extents(1 << 33)}, lvm.ErrLimit, "8589934592 extents"},
		{lvm.CreateThinPool{Name: "p", Size: extents(1), Place: on(9)}, lvm.ErrNotFound, "PV"},
		{lvm.CreateThinPool{Name: "p", Size: extents(1), Options: lvm.Options{ReadOnly: true}}, lvm.ErrInvalid, "cannot be read-only"},
		{lvm.CreateThinPool{Size: extents(17)}, errNoSpace, "15MiB (15 extents) fits"},
	}
	for _, test := range tests {
		g.refused(test.op, test.err, test.message)
		require.Nil(t, g.vg.LV("lvol0_pmspare"))
	}
	g.do(lvm.ChangeVG{MaxLV: new(uint32(1))})
	g.refused(lvm.CreateThinPool{Size: extents(1)}, lvm.ErrLimit, "max_lv")
}

func TestThinVolumes(t *testing.T) {
	g := newGroup(t, 20)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(4)}, lvm.CreateLV{Name: "ext", Size: extents(3), Options: lvm.Options{ReadOnly: true}},
		lvm.CreateThin{Pool: "p", Name: "t", Size: sized(100*units.MiB + 1)})
	require.Equal(t, "thin 101 p/1 id 0", g.lv("t"))
	require.Equal(t, "pool 4 p_tdata p_tmeta id 1 +t", g.lv("p"))
	g.refused(lvm.CreateThin{Pool: "p", Size: extents(1)}, lvm.ErrPending, "p: activate it first")
	g.complete("p")
	g.refused(lvm.CompletePool{Pool: "p"}, lvm.ErrUnchanged, "no messages")
	g.refused(lvm.CompletePool{Pool: "t"}, lvm.ErrNotSupported, "t is no thin pool")
	g.do(lvm.CreateThinSnapshot{Origin: "t", Name: "s", Options: lvm.Options{ActivationSkip: true}})
	require.Equal(t, "thin 101 p/2 id 1 of t", g.lv("s"))
	require.True(t, g.vg.LV("s").Flags.Has(lvm.FlagActivationSkip))
	g.complete("p")
	g.do(lvm.CreateExternalSnapshot{Origin: "ext", Pool: "p"})
	require.Equal(t, "thin 3 p/3 id 2 on ext", g.lv("lvol1"))
	g.complete("p")
	g.do(lvm.CreateThinSnapshot{Origin: "lvol1"}) // it reads from the external origin, too
	require.Equal(t, "thin 3 p/4 id 3 of lvol1 on ext", g.lv("lvol2"))
	g.complete("p")

	// A hole in the ids stays one.
	g.do(lvm.RemoveLV{Name: "s"})
	require.Equal(t, "pool 4 p_tdata p_tmeta id 5 -2", g.lv("p"))
	g.complete("p")
	g.do(lvm.CreateThin{Pool: "p", Name: "n", Size: extents(1)})
	require.Equal(t, "thin 1 p/5 id 5", g.lv("n"))
	require.Equal(t, "p ext t lvol1 lvol2 n lvol0_pmspare p_tmeta p_tdata", g.names())
}

func TestThinVolumesRefused(t *testing.T) {
	g := newGroup(t, 30)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(4)}, lvm.CreateLV{Name: "v", Size: extents(1)},
		lvm.CreateLV{Name: "r", Size: extents(1), Options: lvm.Options{ReadOnly: true}},
		lvm.CreateThin{Pool: "p", Name: "t", Size: extents(1)})
	g.complete("p")
	g.do(lvm.CreateCOWSnapshot{Origin: "r", Name: "c", Size: extents(1)})
	tests := []struct {
		op      lvm.Op
		err     error
		message string
	}{
		{lvm.CreateThin{Pool: "x", Size: extents(1)}, lvm.ErrNotFound, "pool x"},
		{lvm.CreateThin{Pool: "v", Size: extents(1)}, lvm.ErrNotSupported, "v is no thin pool"},
		{lvm.CreateThin{Pool: "p"}, lvm.ErrInvalid, "no size"},
		{lvm.CreateThin{Pool: "p", Size: share(10, "VG")}, lvm.ErrInvalid, "no share"},
		{lvm.CreateThin{Pool: "p", Size: extents(1 << 32)}, lvm.ErrLimit, "4294967296 extents"},
		{lvm.CreateThin{Pool: "p", Name: "v", Size: extents(1)}, lvm.ErrExists, "v"},
		{lvm.CreateThin{Pool: "p", Size: extents(1), Options: lvm.Options{Allocation: lvm.AllocCling}}, lvm.ErrInvalid, "no extents to allocate"},
		{lvm.CreateThinSnapshot{Origin: "x"}, lvm.ErrNotFound, "origin x"},
		{lvm.CreateThinSnapshot{Origin: "v"}, lvm.ErrNotSupported, "v is no thin volume"},
		{lvm.CreateThinSnapshot{Origin: "p"}, lvm.ErrNotSupported, "p is no thin volume"},
		{lvm.CreateThinSnapshot{Origin: "t", Name: "v"}, lvm.ErrExists, "v"},
		{lvm.CreateExternalSnapshot{Origin: "x", Pool: "p"}, lvm.ErrNotFound, "origin x"},
		{lvm.CreateExternalSnapshot{Origin: "v", Pool: "p"}, lvm.ErrNotSupported, "v is writable: an external origin is read-only"},
		{lvm.CreateExternalSnapshot{Origin: "p", Pool: "p"}, lvm.ErrNotSupported, "p is a thin pool"},
		{lvm.CreateExternalSnapshot{Origin: "p_tdata", Pool: "p"}, lvm.ErrNotSupported, "p_tdata is a part of another LV"},
		{lvm.CreateExternalSnapshot{Origin: "c", Pool: "p"}, lvm.ErrNotSupported, "c is a snapshot"},
		{lvm.CreateExternalSnapshot{Origin: "r", Pool: "v"}, lvm.ErrNotSupported, "v is no thin pool"},
	}
	for _, test := range tests {
		g.refused(test.op, test.err, test.message)
	}

	// A pool has 2^24 - 1 device ids, and uses each once.
	last := g.vg.Clone()
	for i, lv := range last.LVs {
		if lv.Name == "t" {
			lv = lv.Clone()
			thin := *lv.Segments[0].Type.(*lvm.Thin)
			thin.DeviceID = 1<<24 - 1
			lv.Segments[0].Type = &thin
			last.LVs[i] = lv
		}
	}
	g.vg = last
	g.refused(lvm.CreateThin{Pool: "p", Size: extents(1)}, lvm.ErrLimit, "pool p has had device 16777215")
}

// A batch makes one transaction of what it does to a pool.
func TestOneTransaction(t *testing.T) {
	g := newGroup(t, 20)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(4)}, lvm.CreateThin{Pool: "p", Name: "a", Size: extents(1)})
	g.complete("p")
	b, err := lvm.NewBatch(g.vg, g.stamp())
	require.NoError(t, err)
	run := func(op lvm.Op) {
		t.Helper()
		_, err := b.Do(op)
		require.NoError(t, err)
		g.vg = b.VG()
		g.sound(g.vg)
	}
	run(lvm.CreateThin{Pool: "p", Name: "b", Size: extents(1)})
	run(lvm.CreateThinSnapshot{Origin: "a", Name: "s"})
	run(lvm.CreateThinSnapshot{Origin: "b", Name: "u"})
	require.Equal(t, "pool 4 p_tdata p_tmeta id 2 +b +s +u", g.lv("p"))
	require.Equal(t, "thin 1 p/3 id 1 of a", g.lv("s"))
	require.Equal(t, "thin 1 p/4 id 1 of b", g.lv("u"))
	_, err = b.Do(lvm.RemoveLV{Name: "a"})
	require.ErrorIs(t, err, lvm.ErrPending)
	require.ErrorContains(t, err, "snapshot s is not made yet: activate p first")
	// Of a volume that was never made the pool is told nothing; nor of one that is
	// a snapshot of it: both are empty.
	run(lvm.RemoveLV{Name: "b"})
	run(lvm.RemoveLV{Name: "u"})
	require.Equal(t, "pool 4 p_tdata p_tmeta id 2 +s", g.lv("p"))
	run(lvm.CreateThin{Pool: "p", Name: "n", Size: extents(1)})
	require.Equal(t, "thin 1 p/5 id 1", g.lv("n")) // no id twice
	run(lvm.CreateThinSnapshot{Origin: "s", Name: "w"})
	_, err = b.Do(lvm.RemoveLV{Name: "s"})
	require.ErrorIs(t, err, lvm.ErrPending)
	require.ErrorContains(t, err, "snapshot w is not made yet")
	run(lvm.RenameLV{Name: "n", To: "m"})
	require.Equal(t, "pool 4 p_tdata p_tmeta id 2 +s +m +w", g.lv("p"))

	// What was made and unmade leaves no transaction.
	g.complete("p")
	b, err = lvm.NewBatch(g.vg, g.stamp())
	require.NoError(t, err)
	run(lvm.CreateThin{Pool: "p", Name: "x", Size: extents(1)})
	run(lvm.RemoveLV{Name: "x"})
	require.Equal(t, "pool 4 p_tdata p_tmeta id 2", g.lv("p"))
	run(lvm.CreateThin{Pool: "p", Name: "y", Size: extents(1)})
	run(lvm.CompletePool{Pool: "p"})
	run(lvm.CreateThin{Pool: "p", Name: "z", Size: extents(1)})
	require.Equal(t, "pool 4 p_tdata p_tmeta id 4 +z", g.lv("p"))
}

func TestChangePool(t *testing.T) {
	g := newGroup(t, 20)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(4)}, lvm.CreateLV{Name: "v", Size: extents(1)})
	yes, no := true, false
	ignore, none, passdown := lvm.DiscardsIgnore, "none", lvm.DiscardsPassdown
	g.do(lvm.ChangeLV{Name: "p", Discards: &ignore, ZeroNewBlocks: &no, ErrorWhenFull: &yes})
	pool := g.vg.LV("p").Segments[0].Type.(*lvm.ThinPool)
	require.Equal(t, "ignore", pool.Discards)
	require.False(t, pool.ZeroNewBlocks)
	require.True(t, g.vg.LV("p").Flags.Has(lvm.FlagErrorWhenFull))
	g.refused(lvm.ChangeLV{Name: "p", Discards: &ignore}, lvm.ErrUnchanged, "discards")
	g.refused(lvm.ChangeLV{Name: "p", ZeroNewBlocks: &no}, lvm.ErrUnchanged, "zeroing of new blocks")
	g.refused(lvm.ChangeLV{Name: "p", ErrorWhenFull: &yes}, lvm.ErrUnchanged, "error when full")
	g.refused(lvm.ChangeLV{Name: "p", Discards: &none}, lvm.ErrInvalid, `discards "none"`)
	g.refused(lvm.ChangeLV{Name: "v", Discards: &passdown}, lvm.ErrNotSupported, "it is no thin pool")
	g.refused(lvm.ChangeLV{Name: "p", Writable: &no}, lvm.ErrNotSupported, "a thin pool has no permission")
	g.do(lvm.ChangeLV{Name: "p", Discards: &passdown, ErrorWhenFull: &no})
	require.False(t, g.vg.LV("p").Flags.Has(lvm.FlagErrorWhenFull))
}
