package vm

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOutputs(t *testing.T) {
	dir := t.TempDir()
	o := &outputs{wanted: []string{dir + "/file", dir + "/many"}}
	tests := []struct {
		path string
		ok   bool
	}{
		{dir + "/file", true},
		{dir + "/many/a/b", true},
		{dir + "/file2", false},
		{dir + "/many/../evil", false},
		{"file", false},
		{"/etc/passwd", false},
	}
	for _, tt := range tests {
		header, err := json.Marshal(fileHeader{Path: tt.path, Mode: 0o600})
		require.NoError(t, err)
		err = o.create(header)
		if !tt.ok {
			require.ErrorIs(t, err, errFrame, tt.path)
			require.ErrorIs(t, o.write([]byte("x")), errFrame)
			require.NoFileExists(t, filepath.Clean(tt.path)+"x")
			continue
		}
		require.NoError(t, err)
		require.NoError(t, o.write([]byte("data")))
		require.NoError(t, o.close())
		require.Equal(t, "data", read(t, tt.path))
	}
	require.ErrorIs(t, o.create([]byte("{")), errFrame)
	require.NoError(t, o.close())
}
