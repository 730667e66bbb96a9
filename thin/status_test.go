package thin_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/thin"
	"github.com/rok-storage/rok/units"
)

// Lines of a real kernel, in each of the states that it prints.
func TestStatusOf(t *testing.T) {
	tests := []struct {
		line  string
		state thin.State
		is    []error
		isNot []error
	}{
		{"0 112/1024 0/512 - rw discard_passdown queue_if_no_space - 256 ", thin.Writable, nil, nil},
		{"0 115/1024 512/512 - out_of_data_space discard_passdown queue_if_no_space - 256 ", thin.OutOfDataSpace,
			[]error{thin.ErrNoDataSpace}, []error{thin.ErrNoMetadataSpace, thin.ErrNeedsCheck}},
		{"0 44/48 7323/8192 - ro discard_passdown queue_if_no_space needs_check 12 ", thin.OutOfMetadataSpace,
			[]error{thin.ErrNoMetadataSpace, thin.ErrNeedsCheck}, []error{thin.ErrReadOnly, thin.ErrNoDataSpace}},
		// The reserve is a tenth, and at most 4096 blocks.
		{"0 1044480/1048576 0/8192 - ro discard_passdown queue_if_no_space needs_check 12 ", thin.OutOfMetadataSpace,
			[]error{thin.ErrNoMetadataSpace}, []error{thin.ErrReadOnly}},
		{"0 1044479/1048576 0/8192 - ro discard_passdown queue_if_no_space needs_check 12 ", thin.ReadOnly,
			[]error{thin.ErrReadOnly}, []error{thin.ErrNoMetadataSpace}},
		{"0 44/1024 7323/8192 - ro discard_passdown queue_if_no_space needs_check 12 ", thin.ReadOnly,
			[]error{thin.ErrReadOnly, thin.ErrNeedsCheck}, []error{thin.ErrNoMetadataSpace}},
		{"0 44/1024 0/8192 - ro discard_passdown error_if_no_space - 12 ", thin.ReadOnly,
			[]error{thin.ErrReadOnly}, []error{thin.ErrNeedsCheck}},
		{"Fail", thin.Failed, []error{thin.ErrFailed}, []error{thin.ErrReadOnly}},
		{"Error", thin.Unknown, nil, nil},
		{"0 44/1024 0/8192 - on_fire discard_passdown error_if_no_space - 12 ", thin.Unknown, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			parsed, err := dm.ParseStatus("thin-pool", tt.line)
			require.NoError(t, err)
			s := thin.StatusOf(parsed.(dm.ThinPoolStatus))
			require.Equal(t, tt.state, s.State)
			if len(tt.is) == 0 {
				require.NoError(t, s.Err())
			}
			for _, want := range tt.is {
				require.ErrorIs(t, s.Err(), want)
			}
			for _, not := range tt.isNot {
				require.NotErrorIs(t, s.Err(), not)
			}
		})
	}
}

func TestStateErrorSaysWhatHelps(t *testing.T) {
	require.EqualError(t, &thin.StateError{State: thin.OutOfMetadataSpace, NeedsCheck: true},
		"pool is out of metadata space, pool metadata needs a check: deactivate it, check its metadata, clear the needs-check flag and extend its metadata device")
	for _, s := range []thin.State{thin.OutOfDataSpace, thin.ReadOnly, thin.Failed} {
		require.ErrorContains(t, &thin.StateError{State: s}, ": ")
	}
}

func TestPoolConfigTable(t *testing.T) {
	good := thin.PoolConfig{
		Metadata: dm.BlockDev{Dev: dm.Dev{Major: 254}}, Data: dm.BlockDev{Dev: dm.Dev{Major: 254, Minor: 1}},
		Size: 65536, BlockSize: 128, LowWaterMark: 32, NoZeroing: true, NoSpace: thin.ErrorIfNoSpace,
	}
	table, err := good.Table()
	require.NoError(t, err)
	require.Equal(t, "0 65536 thin-pool 254:0 254:1 128 32 2 skip_block_zeroing error_if_no_space", table.String())
	for _, size := range []units.Sectors{0, 127, 129, 1 << 22} {
		bad := good
		bad.BlockSize = size
		_, err := bad.Table()
		require.ErrorContains(t, err, "block size")
	}
	bad := good
	bad.Size = 127
	_, err = bad.Table()
	require.ErrorContains(t, err, "less than one block")
}
