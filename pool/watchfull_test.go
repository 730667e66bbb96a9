package pool_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/units"
)

// When the VG has nothing left, what is configured happens.
func TestWatcherFull(t *testing.T) {
	tests := []struct {
		when  pool.WhenFull
		flag  bool // before
		want  bool
		event pool.Name
	}{
		{pool.FailWrites, false, true, pool.WritesFail},
		{pool.QueueWrites, true, false, pool.WritesQueue},
		{pool.LeaveAsIs, false, false, pool.CreationRefused},
		{pool.LeaveAsIs, true, true, pool.CreationRefused},
	}
	for _, test := range tests {
		t.Run(string(test.when), func(t *testing.T) {
			h := newFakeHost(t, 128*units.MiB)
			h.newTank(20)
			if test.flag {
				h.change(lvm.ChangeLV{Name: "tank", ErrorWhenFull: &test.flag})
			}
			w := h.watch(t, tankPolicy(func(p *pool.Policy) { p.WhenFull = test.when }))
			h.fill("tank", 90) // the rest of the VG
			w.wait(pool.DataExtended)
			w.tick()
			require.Zero(t, h.vg().Report().FreeExtents)
			h.fill("tank", 100)
			h.pool("tank").SetMode(dmtest.PoolOutOfDataSpace)
			w.wait(test.event)
			w.tick()
			vg := h.vg()
			require.Equal(t, test.want, vg.LV("tank").Flags.Has(lvm.FlagErrorWhenFull))
			s, err := h.Look(t.Context(), "data", "tank")
			require.NoError(t, err)
			require.Equal(t, test.want, s.Status.Kernel.ErrorIfNoSpace)
			err = pool.MayCreate(vg, "tank")
			require.ErrorIs(t, err, pool.ErrReserve)
			require.ErrorIs(t, err, syscall.ENOSPC)
			require.EqualError(t, err, "create a volume in pool data/tank: pool is below its reserve")

			// lvm2 makes one all the same.
			h.change(lvm.CreateThin{Pool: "tank", Name: "theirs", Size: extents(1)})
			w.tick()
			w.wait(pool.CreatedAllTheSame)

			// A disk more, and all is well.
			disk := h.addDisk("sdz", 512*units.MiB)
			_, err = h.System.ExtendVG(t.Context(), "data", []string{disk}, lvm.NewPVOptions{})
			require.NoError(t, err)
			w.tick()
			w.wait(pool.CreationAllowed)
			require.NoError(t, pool.MayCreate(h.vg(), "tank"))
			require.Greater(t, h.vg().LV("tank").Size(), lvm.Extents(30))
		})
	}
}

// Snapshots go one at a look, the oldest first, and none that is in use.
func TestWatcherDropsSnapshots(t *testing.T) {
	h := newFakeHost(t, 128*units.MiB)
	h.newTank(29) // all of it
	for _, name := range []string{"s1", "s2", "s3", "keep"} {
		h.change(lvm.CreateThinSnapshot{Origin: "home", Name: name})
	}
	_, err := h.System.Activate(t.Context(), "data", []string{"s1"}, lvm.ActivateOptions{IgnoreSkip: true})
	require.NoError(t, err)
	release, err := h.kernel.Hold("data-s1")
	require.NoError(t, err)
	defer release()
	h.pool("tank").SetUsed(20, 29*64)
	h.pool("tank").SetMode(dmtest.PoolOutOfDataSpace)

	w := h.watch(t, tankPolicy(func(p *pool.Policy) { p.WhenFull, p.Drop = pool.DropSnapshots, []string{"s?"} }))
	e := w.wait(pool.ActionFailed)
	require.Equal(t, "drop snapshot data/s1: in use", e.Message)
	e = w.wait(pool.SnapshotDropped)
	require.Equal(t, "s2", e.Message)
	require.NotNil(t, h.vg().LV("s1"))
	w.tick()
	e = w.wait(pool.SnapshotDropped)
	require.Equal(t, "s3", e.Message)
	w.names()
	for range 3 {
		w.tick()
	}
	vg := h.vg()
	require.NotNil(t, vg.LV("keep"))
	require.NotNil(t, vg.LV("home"))
	require.NotNil(t, vg.LV("s1"))
	failures := 0
	for _, name := range w.names() {
		if name == pool.ActionFailed {
			failures++
		}
	}
	require.Zero(t, failures, "what stays the same is said once")
	release()
	w.tick()
	e = w.wait(pool.SnapshotDropped)
	require.Equal(t, "s1", e.Message)
	require.Len(t, h.pool("tank").Thins(), 2)
}
