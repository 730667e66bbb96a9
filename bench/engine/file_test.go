package engine_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/engine"
)

func TestOpenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "blocks")
	require.NoError(t, os.WriteFile(path, make([]byte, 5000), 0o600))
	f, err := engine.OpenFile(path, engine.OpenFlags{Write: true, Claim: true})
	require.NoError(t, err)
	require.EqualValues(t, 5000, f.Size())
	require.False(t, f.IsBlock())
	require.NoError(t, f.DropCache())
	require.NoError(t, f.Close())
	require.Error(t, f.Close())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 5000, info.Size(), "opening must not change the file")
}

func TestOpenFileRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, flags := range []engine.OpenFlags{{}, {Write: true}} {
		_, err := engine.OpenFile(filepath.Join(dir, "absent"), flags)
		require.ErrorIs(t, err, fs.ErrNotExist)
		_, err = engine.OpenFile(dir, flags)
		require.ErrorIs(t, err, engine.ErrNotBlocks)
		_, err = engine.OpenFile("/dev/null", flags)
		require.ErrorIs(t, err, engine.ErrNotBlocks)
		var path *fs.PathError
		require.ErrorAs(t, err, &path)
		require.Equal(t, "/dev/null", path.Path)
	}
	require.NoFileExists(t, filepath.Join(dir, "absent"))
}
