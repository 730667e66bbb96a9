package composer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
)

// A map that was upgraded and then registered as v3 again is not upgraded over its backup. The error says what to run, and that
// helps.
func TestUpgradeOverBackupOfAnotherState(t *testing.T) {
	w := newWorld(t)
	old, data := noise(1, 3), noise(2, 3)
	w.registerAs("a", old, 3, 0)
	r := composer.UpgradeRequest{Degree: 16}
	_, err := composer.Upgrade(t.Context(), w.store, r)
	require.NoError(t, err)
	kept := w.bytesOf("a~v3.bak")
	w.registerAs("a", data, 3, 0)

	for range 2 {
		_, err = composer.Upgrade(t.Context(), w.store, r)
		var other *composer.BackupError
		require.ErrorAs(t, err, &other)
		require.Equal(t, composer.BackupError{Map: "a", Backup: "a~v3.bak"}, *other)
		require.ErrorContains(t, err, `rok-composer-tool rm 'a~v3.bak'`)
		require.Equal(t, kept, w.bytesOf("a~v3.bak"))
		require.Equal(t, data, w.read("a"))
	}
	require.Equal(t, old, w.read("a~v3.bak"), "as the error says, it can be presented")

	before := w.bytesOf("a")
	require.NoError(t, w.store.Remove(t.Context(), "a~v3.bak", ""))
	_, err = composer.Upgrade(t.Context(), w.store, r)
	require.NoError(t, err)
	require.Equal(t, before, w.bytesOf("a~v3.bak"))
	require.Equal(t, data, w.read("a"))
}
