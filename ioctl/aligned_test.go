package ioctl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

func TestAlignedBytes(t *testing.T) {
	for _, n := range []int{0, 1, 511, 4096, 4097, 1 << 20} {
		b := ioctl.AlignedBytes(n)
		require.Len(t, b, n)
		require.Equal(t, n, cap(b))
		require.True(t, ioctl.IsAligned(b))
		if n > 1 {
			require.False(t, ioctl.IsAligned(b[1:]))
		}
	}
}
