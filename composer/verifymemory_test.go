package composer_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/composer"
	"github.com/rok-storage/rok/maps"
)

// Blocks lie in many shards. A deep run takes buffers for as many blocks as it reads at once, not for each shard: a Go program may
// have no limit at which garbage is collected sooner.
func TestVerifyDeepTakesBuffersOnce(t *testing.T) {
	w := newWorld(t)
	const blocks = 24
	data := make([]byte, blocks*int(maps.MaxBlockSize))
	for i := range blocks {
		data[i*int(maps.MaxBlockSize)] = byte(i + 1)
	}
	r := w.request("disk", memorySource(data))
	r.StateDir, r.Asked.BlockSize = "", maps.MaxBlockSize
	_, err := composer.Register(t.Context(), w.store, r)
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	v, err := composer.Verify(t.Context(), w.store, composer.VerifyRequest{Deep: true, Dir: w.state})
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	require.EqualValues(t, blocks, v.Read)
	allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%d MiB", allocated)
	require.Less(t, allocated, uint64(150))
}
