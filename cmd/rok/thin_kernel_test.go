package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/internal/cli"
	"github.com/rok-storage/rok/internal/testenv"
)

// TestKernelThinMetadata reads the metadata of a pool that is active, and goes on
// writing: only its metadata snapshot can be read, each time as it is then.
func TestKernelThinMetadata(t *testing.T) {
	testenv.Kernel(t, "thin-pool", "program thin_dump")
	d := makeDevices(t)
	node := d.conn.NodePath(d.meta)
	run := func(args ...string) (stdout, stderr string, code int) {
		e := system()
		var out, err bytes.Buffer
		e.stdout, e.stderr = &out, &err
		code = runRok(t, e, args...)
		return out.String(), err.String(), code
	}
	_, stderr, code := run("thin", "check", node)
	require.Equal(t, int(cli.Refused), code, stderr)
	require.Contains(t, stderr, "--metadata-snap")

	volume, err := os.OpenFile(d.conn.NodePath(d.thin), os.O_RDWR|os.O_SYNC, 0)
	require.NoError(t, err)
	defer volume.Close()
	rng := rand.New(rand.NewPCG(1, 0))
	pool := d.conn.Device(dm.ByName(d.pool))
	for range 3 {
		for range 20 {
			_, err := volume.WriteAt(make([]byte, 4096), rng.Int64N(500)*64<<10)
			require.NoError(t, err)
		}
		_, err = pool.Message(0, "reserve_metadata_snap")
		require.NoError(t, err)
		_, err := volume.WriteAt(make([]byte, 4096), rng.Int64N(500)*64<<10)
		require.NoError(t, err)
		theirs, err := exec.CommandContext(t.Context(), "thin_dump", "--metadata-snap", node).Output()
		require.NoError(t, err)
		ours, stderr, code := run("thin", "dump", "--metadata-snap", node)
		require.Zero(t, code, stderr)
		require.Equal(t, string(theirs), ours)
		require.Contains(t, ours, `<device dev_id="7"`)
		_, stderr, code = run("thin", "check", "--metadata-snap", node)
		require.Zero(t, code, stderr)
		_, err = pool.Message(0, "release_metadata_snap")
		require.NoError(t, err)
	}
}

func runRok(t *testing.T, e *env, args ...string) int {
	t.Helper()
	return run(t.Context(), args, e)
}
