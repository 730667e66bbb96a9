package cluster_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/conf"
)

func TestConfStep(t *testing.T) {
	tests := []struct {
		name, old, next string
		fails           error
	}{
		{name: "moved", old: "# top\n[composerd]\n; why\nblock_size = 1MiB\nthreads    = 4\n\n[other]\nx = 1\n",
			next: "# top\n[composerd]\n; why\nthreads    = 4\n\n[other]\nx = 1\n\n[composer]\nblock_size = 1MiB\n"},
		{name: "line ends", old: "[composerd]\r\nblock_size = 1MiB\r\n", next: "[composerd]\r\n\r\n[composer]\r\nblock_size = 1MiB\r\n"},
		{name: "both", old: "[composerd]\nblock_size = 1MiB\n[composer]\nblock_size = 2MiB\n", next: "[composerd]\n[composer]\nblock_size = 2MiB\n"},
		{name: "nothing to move", old: "[s3d.0]\nno_versioning = true", next: "[s3d.0]\nno_versioning = true"},
		{name: "section twice", old: "[composerd]\nblock_size = 1MiB\n[composerd]\nthreads = 4\n", fails: conf.ErrDuplicate},
		{name: "byte order mark", old: "\ufeff[composerd]\nblock_size = 1MiB\n", fails: conf.ErrSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "a")
			require.NoError(t, upgradeCluster(t.Context(), w, w.memory, false))
			path := filepath.Join(w.state("a"), "daemons.conf")
			require.NoError(t, os.WriteFile(path, []byte(tt.old), 0o640))
			_, err := w.node("a", w.memory).Upgrade(t.Context())
			if tt.fails != nil {
				require.ErrorIs(t, err, tt.fails)
				requireFile(t, path, tt.old)
				require.NotEqual(t, "0.12.0", w.read().Members["a"].Version)
				return
			}
			require.NoError(t, err)
			requireFile(t, path, tt.next)
			if tt.old != tt.next {
				requireFile(t, path+".v0.11", tt.old)
			}
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o640), info.Mode())
			_, err = w.node("a", w.memory).Undo(t.Context())
			require.NoError(t, err)
			requireFile(t, path, tt.old)
			require.Equal(t, "0.11.3", w.read().Members["a"].Version)
		})
	}
}

func requireFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

// A journal that cannot be read is not begun anew.
func TestDamagedJournal(t *testing.T) {
	w := newWorld(t, "a")
	require.NoError(t, upgradeCluster(t.Context(), w, w.memory, false))
	require.NoError(t, os.WriteFile(filepath.Join(w.state("a"), "upgrade-v0.12.0.json"), []byte("{"), 0o600))
	_, err := w.node("a", w.memory).Upgrade(t.Context())
	require.ErrorIs(t, err, cluster.ErrDamaged)
}
