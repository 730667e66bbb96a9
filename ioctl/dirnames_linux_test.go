package ioctl_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/ioctl"
)

func TestDirNames(t *testing.T) {
	dir := t.TempDir()
	names, err := ioctl.DirNames(dir)
	require.NoError(t, err)
	require.Empty(t, names)
	var want []string
	for i := range 100 {
		name := fmt.Sprintf("%03d%s", i, strings.Repeat("n", i*252/99)) // up to the longest there is
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
		want = append(want, name)
	}
	names, err = ioctl.DirNames(dir)
	require.NoError(t, err)
	slices.Sort(names)
	require.Equal(t, want, names)

	_, err = ioctl.DirNames(dir + "-none")
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = ioctl.DirNames(filepath.Join(dir, want[0]))
	var where *fs.PathError
	require.ErrorAs(t, err, &where, "a file")
}
