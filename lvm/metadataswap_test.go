package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// The extents of the spare and of a pool's metadata change places; the second time the
// next name is taken.
func TestSwapPoolMetadata(t *testing.T) {
	g := newGroup(t, 40)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(10)}, lvm.CreateThin{Pool: "p", Name: "t", Size: extents(1)})
	meta, spare := g.lv("p_tmeta"), g.lv("lvol0_pmspare")
	g.do(lvm.SwapPoolMetadata{Pool: "p"})
	require.Equal(t, spare, g.lv("p_tmeta"))
	require.Equal(t, meta, g.lv("p_meta0"))
	another := g.lv("lvol1_pmspare")
	g.do(lvm.SwapPoolMetadata{Pool: "p"})
	require.Equal(t, another, g.lv("p_tmeta"))
	require.Equal(t, spare, g.lv("p_meta1"))
	g.do(lvm.RemoveLV{Name: "p_meta0"}, lvm.RemoveLV{Name: "p_meta1"}, lvm.RenameLV{Name: "p", To: "q"})
	require.Equal(t, another, g.lv("q_tmeta"))
	g.refused(lvm.SwapPoolMetadata{Pool: "t"}, lvm.ErrNotSupported, "t is no thin pool")
	g.refused(lvm.SwapPoolMetadata{Pool: "x"}, lvm.ErrNotFound, "pool x")
	g.do(lvm.RemoveLV{Name: "lvol2_pmspare"})
	g.refused(lvm.SwapPoolMetadata{Pool: "q"}, lvm.ErrNotFound, "the VG has no metadata spare")
}

// Where there is no room, no new spare is made.
func TestSwapPoolMetadataFull(t *testing.T) {
	g := newGroup(t, 14)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(10)})
	g.do(lvm.SwapPoolMetadata{Pool: "p"})
	_, err := g.try(lvm.SwapPoolMetadata{Pool: "p"})
	require.ErrorIs(t, err, lvm.ErrNotFound)
}

func TestGrowMetadataSpare(t *testing.T) {
	g := newGroup(t, 40)
	g.do(lvm.GrowMetadataSpare{To: 2})
	require.Equal(t, "a:0-1", g.lv("lvol0_pmspare"))
	g.do(lvm.GrowMetadataSpare{To: 5})
	require.Equal(t, "a:0-4", g.lv("lvol0_pmspare"))
	_, err := g.try(lvm.GrowMetadataSpare{To: 5})
	require.ErrorIs(t, err, lvm.ErrUnchanged)
	_, err = g.try(lvm.GrowMetadataSpare{To: 50})
	require.ErrorIs(t, err, errNoSpace)
}

func TestSetPoolTransaction(t *testing.T) {
	g := newGroup(t, 40)
	g.do(lvm.CreateThinPool{Name: "p", Size: extents(10)}, lvm.CreateThin{Pool: "p", Name: "t", Size: extents(1)})
	g.do(lvm.SetPoolTransaction{Pool: "p", ID: 7}) // with the message it is one more
	_, err := g.try(lvm.SetPoolTransaction{Pool: "p", ID: 7})
	require.ErrorIs(t, err, lvm.ErrUnchanged)
	g.do(lvm.CompletePool{Pool: "p"})
	_, err = g.try(lvm.SetPoolTransaction{Pool: "p", ID: 8})
	require.ErrorIs(t, err, lvm.ErrUnchanged)
	_, err = g.try(lvm.SetPoolTransaction{Pool: "t", ID: 8})
	require.ErrorIs(t, err, lvm.ErrNotSupported)
}
