package ioctl_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

func TestReadOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o600))
	var b [4]byte
	n, err := ioctl.ReadOnce(path, b[:])
	require.NoError(t, err)
	require.Equal(t, "cont", string(b[:n]))

	_, err = ioctl.ReadOnce(path+"-none", b[:])
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = ioctl.ReadOnce(filepath.Dir(path), b[:])
	var where *fs.PathError
	require.ErrorAs(t, err, &where)
	require.Equal(t, "read", where.Op)
}
