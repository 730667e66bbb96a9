package ioctl_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rok-storage/rok/ioctl"
)

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, size := range []int{0, 1, 4095, 4096, 4097, 8192, 100000} {
		want := bytes.Repeat([]byte("rok"), size/3+1)[:size]
		require.NoError(t, os.WriteFile(path, want, 0o600))
		got, err := ioctl.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := ioctl.ReadFile(path + "-none")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = ioctl.ReadFile(filepath.Dir(path))
	var where *fs.PathError
	require.ErrorAs(t, err, &where)
	require.Equal(t, "read", where.Op)
}

func TestOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	_, err := ioctl.OpenFile(path, os.O_RDONLY, 0)
	require.ErrorIs(t, err, fs.ErrNotExist)
	f, err := ioctl.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	require.NoError(t, err)
	require.Equal(t, path, f.Name())
	_, err = f.WriteAt([]byte("b"), 1)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "\x00b", string(content))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&^0o640)
}

func TestStat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var st unix.Stat_t
	err := ioctl.Stat(path, &st)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "stat "+path)
	require.NoError(t, os.WriteFile(path, []byte("rok"), 0o600))
	require.NoError(t, ioctl.Stat(path, &st))
	require.Equal(t, int64(3), st.Size)
}
