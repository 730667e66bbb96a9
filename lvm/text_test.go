package lvm_test

import (
	"os"
	"path/filepath"
	"strings"
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
			equal(t, src, string(vg.AppendText(nil)))
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
			equal(t, src, string(vg.AppendBackup(nil, zoneOf(name))))
		})
	}
}

// Both forms say the same, but for their origins.
func TestForms(t *testing.T) {
	disk, err := filepath.Glob("testdata/vg/*.disk")
	require.NoError(t, err)
	for _, name := range disk {
		backup := strings.TrimSuffix(name, ".disk") + ".backup"
		if _, err := os.Stat(backup); err != nil || filepath.Base(name) == "missing.disk" {
			continue // of an older text; or the device was unknown when the backup was made
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			a, err := lvm.Parse(read(t, name))
			require.NoError(t, err)
			b, err := lvm.ParseBackup(read(t, backup))
			require.NoError(t, err)
			a.Origin, b.Origin = b.Origin, a.Origin
			equal(t, read(t, backup), string(a.AppendBackup(nil, zoneOf(backup))))
			equal(t, read(t, name)+"\x00", string(b.AppendText(nil)))
		})
	}
}

// equal shows the first lines that differ.
func equal(t *testing.T, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) {
			require.Fail(t, "cut short", "line %d: want %q", i+1, w[i])
		}
		require.Equal(t, w[i], g[i], "line %d", i+1)
	}
	require.Len(t, g, len(w))
}

func read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

func zoneOf(name string) *time.Location {
	if filepath.Base(name) == "kolkata.backup" {
		return time.FixedZone("IST", 5*3600+1800)
	}
	return time.UTC
}
