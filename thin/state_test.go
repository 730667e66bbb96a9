package thin_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/dm/dmtest"
	"github.com/rok-storage/rok/thin"
)

// What can be asked of a pool in each state, on the fake kernel, which can be
// put into any.
func TestPoolStates(t *testing.T) {
	k := dmtest.NewKernel(dmtest.Config{})
	s := &system{
		conn: k.Open(t), name: "pool",
		meta: dm.BlockDev{Dev: k.AddDisk("/dev/meta", metaSize.SectorsRoundUp())},
		data: dm.BlockDev{Dev: k.AddDisk("/dev/data", dataSize.SectorsRoundUp())},
	}
	p := s.pool(t)
	require.NoError(t, p.CreateThin(1))
	v := s.activate(t, p, 1)
	ctx := context.Background()

	k.Pool("pool").SetMode(dmtest.PoolOutOfDataSpace)
	require.ErrorIs(t, p.CreateThin(2), thin.ErrNoDataSpace)
	require.ErrorIs(t, p.CreateSnapshot(ctx, 2, 1), thin.ErrNoDataSpace)
	_, err := p.CreateVolume(ctx, s.volume(2))
	require.ErrorIs(t, err, thin.ErrNoDataSpace)

	k.Pool("pool").SetMode(dmtest.PoolReadOnly)
	k.Pool("pool").SetNeedsCheck(true)
	err = p.CreateThin(2)
	require.ErrorIs(t, err, thin.ErrReadOnly)
	require.ErrorIs(t, err, thin.ErrNeedsCheck)
	require.ErrorIs(t, p.Delete(1), thin.ErrReadOnly)
	info, err := v.Device().Info()
	require.NoError(t, err)
	require.ErrorIs(t, p.CreateSnapshot(ctx, 2, 1), thin.ErrReadOnly)
	after, err := v.Device().Info()
	require.NoError(t, err)
	require.Equal(t, info, after, "the origin goes on")

	k.Pool("pool").SetMode(dmtest.PoolFail)
	require.ErrorIs(t, p.CreateThin(2), thin.ErrFailed)
	_, err = v.Mapped()
	require.ErrorIs(t, err, thin.ErrFailed)
}
