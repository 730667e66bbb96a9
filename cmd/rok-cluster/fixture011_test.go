package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/cli/clitest"
)

// The state of 0.11 that tests upgrade is committed: whoever changes its generator sees it.
func TestFixture011(t *testing.T) {
	store, err := json.MarshalIndent(state011([]string{"rok1", "rok2", "rok3"}), "", "  ")
	require.NoError(t, err)
	for name, want := range map[string]string{"store.json": string(store) + "\n", "daemons.conf": conf011, "applied.json": applied011("rok1")} {
		path := "testdata/v0.11/" + name
		if clitest.Updating() {
			require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
}
