package metadata

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBlockTime(t *testing.T) {
	tests := []struct {
		packed uint64
		want   BlockTime
	}{
		{0, BlockTime{}},
		{0x1000002, BlockTime{Block: 1, Time: 2}},
		{^uint64(0), BlockTime{Block: 1<<40 - 1, Time: 1<<24 - 1}},
	}
	for _, test := range tests {
		require.Equal(t, test.want, UnpackBlockTime(test.packed))
		require.Equal(t, test.packed, test.want.Pack())
	}
	require.Equal(t, uint64(0x1000002), BlockTime{Block: 1, Time: 1<<24 | 2}.Pack(), "time is 24 bits")
}
