package pool_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// Killed at any request to the kernel, or any write to a disk, the same call goes on.
func TestRepairKilled(t *testing.T) {
	for _, what := range []string{"request", "write"} {
		t.Run(what, func(t *testing.T) {
			for n := 1; ; n++ {
				if !killedRepair(t, what, n) {
					require.Greater(t, n, 5)
					return
				}
			}
		})
	}
}

// killedRepair kills a repair, and reports whether it was under way.
func killedRepair(t *testing.T, what string, n int) bool {
	h := newDamaged(t, 120*units.MiB)
	h.activate()
	h.pool("tank").SetMode(dmtest.PoolFail)
	h.superblock(func(sb *metadata.Superblock) { sb.DataSpaceMap.BitmapRoot = h.home })
	if what == "write" {
		h.mu.Lock()
		h.writes = n
		h.mu.Unlock()
	} else {
		h.after(n, func() { h.dead = true })
	}
	_, err := h.repair(pool.RepairRequest{})
	h.mu.Lock()
	killed := h.dead
	h.dead, h.writes, h.do = false, 0, nil
	h.mu.Unlock()
	at := fmt.Sprintf("killed at %s %d: %v", what, n, err)
	done, err := h.repair(pool.RepairRequest{})
	require.NoError(t, err, at)
	require.NoError(t, done.Err(), at)
	_, err = h.System.Activate(t.Context(), "data", []string{"home", "srv"}, lvm.ActivateOptions{})
	require.NoError(t, err, at)
	s, err := h.Look(t.Context(), "data", "tank")
	require.NoError(t, err, at)
	require.Equal(t, thin.Writable, s.Status.State, at)
	_, err = h.System.Deactivate(t.Context(), "data", nil)
	require.NoError(t, err, at)
	require.EqualValues(t, 300, h.requireSound().Report.Mappings, at)
	kept := slices.ContainsFunc([]string{"tank_meta0", "tank_meta1"}, func(name string) bool {
		return h.vg().LV(name) != nil && slices.Equal(h.image, h.kept(name))
	})
	require.True(t, kept, at)
	return killed
}
