package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/units"
)

func TestRunWatched(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, runWatched(t.Context(), []string{"sh", "-c", "echo not to be seen; sleep 0.05"}, &out))
	var took watched
	require.NoError(t, json.Unmarshal(out.Bytes(), &took))
	require.GreaterOrEqual(t, took.Wall, 50*time.Millisecond)
	require.Positive(t, took.CPU)
	require.Greater(t, took.Peak, 100*units.KiB)
	require.ErrorContains(t, runWatched(t.Context(), []string{"false"}, &out), "false")
	require.Error(t, runWatched(t.Context(), nil, &out))
}
