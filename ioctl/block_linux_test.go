package ioctl_test

import (
	"math"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
	"github.com/rok-storage/rok/ioctl"
	"github.com/rok-storage/rok/units"
)

func TestKernelReadAhead(t *testing.T) {
	testenv.Kernel(t)
	f, err := os.Open(testenv.LoopDisk(t, units.MiB))
	require.NoError(t, err)
	defer f.Close()
	for _, want := range []units.Sectors{512, 0, 8} {
		require.NoError(t, ioctl.SetReadAhead(f, want))
		got, err := ioctl.ReadAhead(f)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.ErrorIs(t, ioctl.SetReadAhead(f, math.MaxUint32), syscall.EINVAL)
}

func TestReadAheadOfFile(t *testing.T) {
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer f.Close()
	_, err = ioctl.ReadAhead(f)
	require.ErrorIs(t, err, syscall.ENOTTY)
	require.ErrorIs(t, ioctl.SetReadAhead(f, 8), syscall.ENOTTY)
}

func TestKernelLockMemory(t *testing.T) {
	testenv.Kernel(t)
	require.NoError(t, ioctl.LockMemory())
	text, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	require.NotContains(t, string(text), "VmLck:\t       0 kB")
	require.NoError(t, ioctl.UnlockMemory())
	text, err = os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	require.Contains(t, string(text), "VmLck:\t       0 kB")
}
