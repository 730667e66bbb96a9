package store_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/store"
	"github.com/rok-storage/rok/store/storetest"
)

// openDir opens a directory, and makes it where it is missing.
func openDir(t *testing.T, path string) *store.Dir {
	t.Helper()
	d, err := store.NewDir(path, store.DirOptions{Create: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

func TestDirIsABucket(t *testing.T) {
	storetest.TestBucket(t, func(t *testing.T) store.Bucket { return openDir(t, t.TempDir()+"/a/b c") },
		storetest.Caps{Again: func(t *testing.T, b store.Bucket) store.Bucket {
			u, err := url.Parse(b.Address())
			require.NoError(t, err)
			return openDir(t, u.Path)
		}})
}

func TestDirHasStores(t *testing.T) {
	storetest.TestStore(t, func(t *testing.T) store.Bucket { return openDir(t, t.TempDir()) })
}
