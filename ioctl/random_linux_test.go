package ioctl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

func TestReadRandom(t *testing.T) {
	a, b := make([]byte, 1000), make([]byte, 1000)
	ioctl.ReadRandom(a)
	ioctl.ReadRandom(b)
	require.NotEqual(t, a, b)
	require.NotEqual(t, a[:500], a[500:])
	ioctl.ReadRandom(nil)
}
