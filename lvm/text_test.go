package lvm_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
)

// What lvm2 wrote comes back out byte for byte: testdata/README.md.
func TestRoundTrip(t *testing.T) {
	disk, err := filepath.Glob("testdata/vg/*.disk")
	require.NoError(t, err)
	require.NotEmpty(t, disk)
	for _, name := range disk {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src := read(t, name) + "\x00"
			vg, err := lvm.Parse(src)
			require.NoError(t, err)
			require.Equal(t, src, string(vg.AppendText(nil)))
		})
	}
	backup, err := filepath.Glob("testdata/vg/*.backup")
	require.NoError(t, err)
	require.NotEmpty(t, backup)
	for _, name := range backup {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src := read(t, name)
			vg, err := lvm.ParseBackup(src)
			require.NoError(t, err)
			require.Equal(t, src, string(vg.AppendBackup(nil, time.UTC)))
		})
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}
