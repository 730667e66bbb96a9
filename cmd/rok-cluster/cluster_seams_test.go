package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/cluster"
	"github.com/rok-storage/rok/units"
)

func TestSettingsAndMapGate(t *testing.T) {
	w := newClusterWorld(t)
	e := w.env(new(bytes.Buffer), new(bytes.Buffer))
	require.NoError(t, e.mapGate(t.Context()), "there is no cluster yet")
	entry, err := w.store.Get(t.Context(), "/rok/rev")
	require.NoError(t, err)
	require.Zero(t, entry.Modified, "asking makes none")
	settings, err := e.settings()
	require.NoError(t, err)
	require.Equal(t, 3, settings.MapVersion)

	w.must("rok-config set composer.map_version=4 composer.block_size=1MiB")
	require.ErrorIs(t, e.mapGate(t.Context()), cluster.ErrRefused)
	w.must("rok-config apply")
	require.NoError(t, e.mapGate(t.Context()))
	w.memory.SetDown(true) // nothing local needs the store
	settings, err = e.settings()
	require.NoError(t, err)
	require.Equal(t, 4, settings.MapVersion)
	require.Equal(t, units.MiB, settings.BlockSize)
}
