package pool_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/conf"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/pool"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

func TestExtend(t *testing.T) {
	h := newFakeHost(t, 512*units.MiB)
	h.newTank(20)
	h.pool("tank").SetUsed(20, 20*64)
	h.pool("tank").SetMode(dmtest.PoolOutOfDataSpace)
	h.change(lvm.TagVG{Add: []string{pool.RefusalTag("tank")}})

	done, err := h.Extend(t.Context(), "data", "tank", pool.ExtendRequest{})
	require.NoError(t, err)
	require.Equal(t, lvm.Extents(4), done.Plan.Data, "a fifth")
	require.Zero(t, done.Plan.Metadata)
	require.Equal(t, thin.Writable, done.After.Status.State)
	require.NoError(t, pool.MayCreate(h.vg(), "tank"))

	done, err = h.Extend(t.Context(), "data", "tank", pool.ExtendRequest{DataTo: extents(30), MetadataBy: extents(1)})
	require.NoError(t, err)
	require.Equal(t, lvm.Extents(6), done.Plan.Data)
	require.Equal(t, lvm.Extents(1), done.Plan.Metadata)

	// The metadata must be able to map it.
	h.pool("tank").SetUsed(2040, 100)
	done, err = h.Extend(t.Context(), "data", "tank", pool.ExtendRequest{DataBy: extents(10)})
	require.NoError(t, err)
	require.Equal(t, lvm.Extents(1), done.Plan.Metadata)
	require.Equal(t, lvm.Extents(10), done.Plan.Data)

	policy := &pool.Policy{Data: pool.Growth{Step: conf.Amount{Size: 8 * units.MiB}}}
	done, err = h.Extend(t.Context(), "data", "tank", pool.ExtendRequest{Policy: policy})
	require.NoError(t, err)
	require.Equal(t, lvm.Extents(2), done.Plan.Data)

	_, err = h.Extend(t.Context(), "data", "tank", pool.ExtendRequest{DataBy: extents(1000)})
	require.ErrorIs(t, err, syscall.ENOSPC)
	_, err = h.Extend(t.Context(), "data", "home", pool.ExtendRequest{})
	require.ErrorIs(t, err, pool.ErrNotPool)
	_, err = h.Extend(t.Context(), "data", "none", pool.ExtendRequest{})
	require.ErrorIs(t, err, lvm.ErrNotFound)

	h.pool("tank").SetMode(dmtest.PoolFail)
	_, err = h.Extend(t.Context(), "data", "tank", pool.ExtendRequest{DataBy: extents(1)})
	require.ErrorIs(t, err, pool.ErrOffline)
	require.ErrorIs(t, err, thin.ErrFailed)
	h.pool("tank").SetNeedsCheck(true)
	h.pool("tank").SetMode(dmtest.PoolReadOnly)
	_, err = h.Extend(t.Context(), "data", "tank", pool.ExtendRequest{DataBy: extents(1)})
	require.ErrorIs(t, err, thin.ErrNeedsCheck)
}

// A plan that asks for more than the allocator has gets less, or nothing.
func TestApplyFits(t *testing.T) {
	h := newFakeHost(t, 128*units.MiB)
	h.newTank(10)
	free := h.vg().Report().FreeExtents
	done, err := h.Apply(t.Context(), "data", "tank", func(*pool.State) pool.Plan { return pool.Plan{Metadata: 1000} })
	require.NoError(t, err)
	require.Equal(t, free/2, done.Plan.Metadata, "and the spare as much")
	require.Equal(t, done.Before.Metadata+free/2, done.After.Metadata)
	done, err = h.Apply(t.Context(), "data", "tank", func(*pool.State) pool.Plan { return pool.Plan{Data: 1000} })
	require.NoError(t, err)
	require.Equal(t, free%2, done.Plan.Data)
	done, err = h.Apply(t.Context(), "data", "tank", func(*pool.State) pool.Plan { return pool.Plan{Data: 1} })
	require.NoError(t, err)
	require.True(t, done.Plan.IsZero())
}
