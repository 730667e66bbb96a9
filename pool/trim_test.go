package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

func TestTrims(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	h.change(lvm.CreateThin{Pool: "tank", Name: "other", Size: extents(10)}, lvm.CreateLV{Name: "thick", Size: extents(10)})
	s, err := h.Look(t.Context(), "data", "tank")
	require.NoError(t, err)
	dev := func(name string) dm.Dev {
		info, err := h.Conn.Device(dm.ByName(name)).Info()
		require.NoError(t, err)
		return info.Dev
	}
	h.pool("tank").SetMapped(s.Volumes[0].DeviceID, 160)
	mounted := []pool.FileSystem{
		{Dev: dev("data-home"), Used: units.MiB}, {Dev: dev("data-thick"), Used: 1}, {Dev: dm.Dev{Major: 8}, Used: 1}, {Dev: dm.Dev{Major: 253, Minor: 999}},
	}
	trims, err := h.Trims(h.vg(), s, mounted)
	require.NoError(t, err)
	require.Equal(t, []pool.Trim{{Volume: "home", Mapped: 10 * units.MiB, Used: units.MiB}}, trims)
	require.Equal(t, 9*units.MiB, trims[0].Most())
	require.Zero(t, (&pool.Trim{Mapped: 1, Used: 2}).Most())

	s.Status.Kernel.Discard = dm.ThinPoolIgnoreDiscard
	trims, err = h.Trims(h.vg(), s, mounted)
	require.NoError(t, err)
	require.Empty(t, trims)
	trims, err = pool.Host{System: h.System}.Trims(h.vg(), &pool.State{}, mounted)
	require.NoError(t, err)
	require.Empty(t, trims)
}
