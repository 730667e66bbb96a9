package pool_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

func TestStateOf(t *testing.T) {
	h := newFakeHost(t, 128*units.MiB, 64*units.MiB)
	h.newTank(10)
	h.change(lvm.CreateThinSnapshot{Origin: "home", Name: "snap", Options: lvm.Options{Tags: []string{"x"}}})
	s, err := h.Look(t.Context(), "data", "tank")
	require.NoError(t, err)
	require.True(t, s.Active)
	require.Equal(t, lvm.Extents(10), s.Data)
	require.Equal(t, lvm.Extents(1), s.Metadata)
	require.Equal(t, lvm.Extents(1), s.Spare)
	require.Equal(t, 1, s.Stripes)
	free := h.vg().Report().FreeExtents
	require.Equal(t, free, s.DataRoom)
	require.Equal(t, free/2, s.MetadataRoom, "the spare grows, too")
	require.Len(t, s.Volumes, 2)
	snap := s.Volumes[slices.IndexFunc(s.Volumes, func(v pool.Volume) bool { return v.Name == "snap" })]
	require.True(t, snap.Snapshot)
	require.Equal(t, []string{"x"}, snap.Tags)
	require.Equal(t, 40*units.MiB, s.DataFree())
	require.Equal(t, "tank", pool.PoolOf(h.vg(), "snap"))
	require.Empty(t, pool.PoolOf(h.vg(), "tank"))

	// Without device-mapper nothing is active.
	offline, err := pool.Host{System: h.System}.Look(t.Context(), "data", "tank")
	require.NoError(t, err)
	require.False(t, offline.Active)

	// A VG with a PV missing gives nothing, and says why.
	vg := h.vg().Clone()
	for i := range vg.PVs {
		pv := *vg.PVs[i]
		pv.Flags = pv.Flags.With(lvm.FlagMissing)
		vg.PVs[i] = &pv
	}
	s, err = pool.StateOf(vg, "tank")
	require.NoError(t, err)
	require.Zero(t, s.DataRoom)
	require.ErrorIs(t, s.Obstacle, lvm.ErrReadOnly)

	_, err = h.Look(t.Context(), "nothing", "tank")
	require.ErrorIs(t, err, lvm.ErrNotFound)
}
