package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// A pool that is striped over PVs of unequal size gets what fits, in whole stripes:
// what its metadata gets besides may be in the way.
func TestWatcherExtendsStripes(t *testing.T) {
	for _, disks := range [][]units.Bytes{{64 * units.MiB, 256 * units.MiB}, {256 * units.MiB, 64 * units.MiB}, {64 * units.MiB, 64 * units.MiB}} {
		h := newFakeHost(t, disks...)
		h.change(lvm.CreateThinPool{Name: "tank", Size: extents(10), Stripes: 2})
		s, err := h.Look(t.Context(), "data", "tank")
		require.NoError(t, err)
		require.Equal(t, 2, s.Stripes)
		require.Zero(t, s.DataRoom%2)
		require.LessOrEqual(t, s.DataRoom, lvm.Extents(2*10))

		w := h.watch(t, tankPolicy(func(p *pool.Policy) { p.Data.Step = conf.Amount{Size: units.GiB} }))
		h.pool("tank").SetUsed(900, 10*64)
		w.wait(pool.MetadataExtended)
		w.wait(pool.DataExtended)
		w.tick()
		require.NotContains(t, w.names(), pool.ActionFailed)
		vg := h.vg()
		require.NoError(t, vg.Validate())
		require.Equal(t, lvm.Extents(2), vg.LV("tank_tmeta").Size())
		require.Zero(t, vg.LV("tank").Size()%2)
		require.Less(t, vg.Report().FreeExtents-unpaired(vg), lvm.Extents(2), "all that is left in pairs is taken")
	}
}

// unpaired is how many free extents of a VG of two PVs have no partner on the other.
func unpaired(vg *lvm.VG) lvm.Extents {
	free := func(pv lvm.PVReport) lvm.Extents {
		return lvm.Extents(pv.Free.SectorsRoundDown() / vg.ExtentSize)
	}
	pvs := vg.ReportPVs()
	a, b := free(pvs[0]), free(pvs[1])
	return max(a, b) - min(a, b)
}
