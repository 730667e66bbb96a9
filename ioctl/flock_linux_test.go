package ioctl_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		return f
	}
	a, b, c := open(), open(), open()
	lock := func(f *os.File, exclusive bool) bool {
		ok, err := ioctl.TryLock(f, exclusive)
		require.NoError(t, err)
		return ok
	}
	require.True(t, lock(a, false))
	require.True(t, lock(b, false), "shared with another")
	require.False(t, lock(c, true))
	require.NoError(t, ioctl.Unlock(a))
	require.False(t, lock(c, true))
	require.NoError(t, b.Close(), "the lock ends with the file")
	require.True(t, lock(c, true))
	require.False(t, lock(a, false))
	require.NoError(t, c.Close())
	_, err := ioctl.TryLock(c, true)
	require.ErrorIs(t, err, os.ErrClosed)
	require.ErrorIs(t, ioctl.Unlock(c), os.ErrClosed)
}
