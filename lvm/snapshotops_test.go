package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

func TestCreateCOWSnapshot(t *testing.T) {
	g := newGroup(t, 40)
	g.do(lvm.CreateLV{Name: "o", Size: extents(8)},
		lvm.CreateCOWSnapshot{Origin: "o", Name: "s", Size: extents(2), Options: lvm.Options{Tags: []string{"x"}, ReadOnly: true}})
	require.Equal(t, "a:8-9", g.lv("s"))
	require.Equal(t, "snapshot 8 of o in s, chunks of 8", g.lv("snapshot0"))
	s := g.vg.LV("s")
	require.Equal(t, []string{"x"}, s.Tags)
	require.True(t, g.vg.Visible(s))
	require.False(t, s.Writable())
	require.False(t, g.vg.Visible(g.vg.LV("snapshot0")))
	g.do(lvm.CreateCOWSnapshot{Origin: "o", Size: extents(2), ChunkSize: 1024, Stripes: 1})
	require.Equal(t, "snapshot 8 of o in lvol0, chunks of 1024", g.lv("snapshot1"))
	require.Equal(t, "o s lvol0 snapshot0 snapshot1", g.names())
}

// What an origin cannot fill is not taken: a header, the chunks, and 16 bytes
// for each of them.
func TestCOWSizes(t *testing.T) {
	tests := []struct {
		name  string
		size  lvm.Amount
		chunk units.Sectors
		want  lvm.Extents
	}{
		{"all of the origin", share(100, "ORIGIN"), 0, 9},
		{"half of it", share(50, "ORIGIN"), 0, 5},
		{"more than it can fill", extents(30), 0, 9},
		{"that much in bytes", sized(30 * units.MiB), 0, 9},
		{"with large chunks", extents(30), 1024, 9},
		{"what is free", share(100, "FREE"), 0, 9},
		{"some of it", share(10, "FREE"), 0, 3},
		{"some of the VG", share(10, "VG"), 0, 4},
		{"most of the VG", share(100, "VG"), 0, 9},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := newGroup(t, 40)
			g.do(lvm.CreateLV{Name: "o", Size: extents(8)},
				lvm.CreateCOWSnapshot{Origin: "o", Name: "s", Size: test.size, ChunkSize: test.chunk})
			require.Equal(t, test.want, g.vg.LV("s").Size())
		})
	}
}

func TestCreateCOWSnapshotRefused(t *testing.T) {
	g := newGroup(t, 40)
	g.do(lvm.CreateLV{Name: "o", Size: extents(8)}, lvm.CreateCOWSnapshot{Origin: "o", Name: "s", Size: extents(2)},
		lvm.CreateThinPool{Name: "p", Size: extents(4)})
	tests := []struct {
		op      lvm.CreateCOWSnapshot
		err     error
		message string
	}{
		{lvm.CreateCOWSnapshot{Origin: "x", Size: extents(1)}, lvm.ErrNotFound, "origin x"},
		{lvm.CreateCOWSnapshot{Origin: "snapshot0", Size: extents(1)}, lvm.ErrNotFound, "origin snapshot0"},
		{lvm.CreateCOWSnapshot{Origin: "s", Size: extents(1)}, lvm.ErrNotSupported, "s is a snapshot"},
		{lvm.CreateCOWSnapshot{Origin: "p", Size: extents(1)}, lvm.ErrNotSupported, "p is a thin pool"},
		{lvm.CreateCOWSnapshot{Origin: "p_tmeta", Size: extents(1)}, lvm.ErrNotSupported, "p_tmeta is a part of another LV"},
		{lvm.CreateCOWSnapshot{Origin: "o", Name: "s", Size: extents(1)}, lvm.ErrExists, "s"},
		{lvm.CreateCOWSnapshot{Origin: "o"}, lvm.ErrInvalid, "no size"},
		{lvm.CreateCOWSnapshot{Origin: "o", Size: share(10, "LV")}, lvm.ErrInvalid, "a share of LV"},
		{lvm.CreateCOWSnapshot{Origin: "o", Size: share(1, "VG")}, lvm.ErrInvalid, "a snapshot has at least 1"},
		{lvm.CreateCOWSnapshot{Origin: "o", Size: extents(1), ChunkSize: 24}, lvm.ErrInvalid, "chunk size 24 sectors"},
		{lvm.CreateCOWSnapshot{Origin: "o", Size: extents(1), ChunkSize: 4}, lvm.ErrInvalid, "chunk size 4 sectors"},
		{lvm.CreateCOWSnapshot{Origin: "o", Size: extents(1), ChunkSize: 2048}, lvm.ErrInvalid, "chunk size 2048 sectors"},
		{lvm.CreateCOWSnapshot{Origin: "o", Size: extents(1), Stripes: 500}, lvm.ErrInvalid, "500 stripes"},
		{lvm.CreateCOWSnapshot{Origin: "o", Size: extents(1), Place: on(7)}, lvm.ErrNotFound, "PV"},
	}
	for _, test := range tests {
		g.refused(test.op, test.err, test.message)
	}
}

// A store is three chunks at least, which small extents are less than.
func TestSmallSnapshot(t *testing.T) {
	vg, err := lvm.NewVG(lvm.CreateVG{Name: "vg", ExtentSize: 8, PVs: []lvm.NewPV{{ID: pvID(0), Device: "a", Size: 88, Start: 8}}}, lvm.Stamp{})
	require.NoError(t, err)
	g := &group{t: t, vg: vg, id: 1000}
	g.do(lvm.CreateLV{Name: "o", Size: extents(8)})
	g.refused(lvm.CreateCOWSnapshot{Origin: "o", Size: extents(2)}, lvm.ErrInvalid, "2 extents: a snapshot has at least 3")
	g.refused(lvm.CreateCOWSnapshot{Origin: "o", Size: extents(3)}, errNoSpace, "free 8KiB, nothing fits")
}

// Resizing a snapshot is resizing its store; the pair says the origin's size as
// it was.
func TestResizeCOWSnapshot(t *testing.T) {
	g := newGroup(t, 40)
	g.do(lvm.CreateLV{Name: "o", Size: extents(8)}, lvm.CreateCOWSnapshot{Origin: "o", Name: "s", Size: extents(2)},
		lvm.ExtendLV{Name: "s", By: extents(1)})
	require.Equal(t, "a:8-10", g.lv("s"))
	g.do(lvm.ExtendLV{Name: "s", To: share(50, "ORIGIN")})
	require.EqualValues(t, 4, g.vg.LV("s").Size())
	g.do(lvm.ExtendLV{Name: "s", By: extents(30)}) // as much as the origin can fill
	require.EqualValues(t, 9, g.vg.LV("s").Size())
	g.refused(lvm.ExtendLV{Name: "s", By: extents(1)}, lvm.ErrUnchanged, "it has 9 extents")
	g.do(lvm.ReduceLV{Name: "s", To: extents(3)})
	require.Equal(t, "a:8-10", g.lv("s"))
	g.do(lvm.ExtendLV{Name: "o", By: extents(2)})
	require.Equal(t, "a:0-7 a:11-12", g.lv("o"))
	g.refused(lvm.ReduceLV{Name: "o", By: extents(1)}, lvm.ErrInUse, "it has copy-on-write snapshots")
}
