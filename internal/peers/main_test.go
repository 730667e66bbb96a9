package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func TestParseFlags(t *testing.T) {
	cfg, err := parseFlags(nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, cfg.pairs, 12)
	require.Len(t, cells(cfg.cells), 36)

	cfg, err = parseFlags([]string{"-quick", "-cells", "^loop .*io_uring 16$", "-size", "64MiB"})
	require.NoError(t, err)
	require.Equal(t, 1, cfg.pairs)
	require.EqualValues(t, 64<<20, cfg.size)
	require.Len(t, cells(cfg.cells), 2)

	for _, args := range [][]string{
		{"-part", "zfs"}, {"-chunks", "100"}, {"-spawns", "0"}, {"-cells", "("}, {"-ops", "("}, {"-pairs", "0"}, {"-length", "-1s"}, {"more"},
	} {
		_, err := parseFlags(args)
		var usage usageError
		require.ErrorAs(t, err, &usage, "%q", args)
	}
}
