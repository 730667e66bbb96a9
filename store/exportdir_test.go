package store

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// LockDir holds the lock of the directory that has a key.
func LockDir(t *testing.T, d *Dir, key string) (unlock func()) {
	file, err := d.lock(t.Context(), placeOf(key).dir())
	require.NoError(t, err)
	return func() { require.NoError(t, file.close()) }
}
