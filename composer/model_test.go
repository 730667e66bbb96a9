package composer_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer/composertest"
	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// TestModel plays random histories on the stores that this module has. ROK_COMPOSER_HISTORIES says how many on each,
// and ROK_COMPOSER_HISTORY which is the first, or the only one.
func TestModel(t *testing.T) {
	memory, dir := uint64(50), uint64(4)
	if testing.Short() {
		memory, dir = 20, 2
	}
	t.Run("Memory", func(t *testing.T) {
		composertest.TestModel(t, func(*testing.T) composertest.Place {
			return composertest.Place{Bucket: &storetest.Memory{}}
		}, composertest.SeedsOf(os.Getenv, composertest.Seeds{First: 1, Count: memory}))
	})
	t.Run("Dir", func(t *testing.T) {
		composertest.TestModel(t, func(t *testing.T) composertest.Place {
			return composertest.Place{Bucket: directory(t)}
		}, composertest.SeedsOf(os.Getenv, composertest.Seeds{First: 61, Count: dir}))
	})
}

// directory is a store in a directory of the test.
func directory(t *testing.T) store.Bucket {
	b, err := store.NewDir(t.TempDir(), store.DirOptions{Create: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}
