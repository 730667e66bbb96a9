package metadata

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckHeld(t *testing.T) {
	_, err := openImage(t, fixture(t, "kernel-fresh")).CheckHeld(t.Context())
	require.ErrorIs(t, err, ErrNoSnapshot)

	report, err := openImage(t, fixture(t, "kernel-held")).CheckHeld(t.Context())
	require.NoError(t, err)
	require.NoError(t, report.Err())
	require.EqualValues(t, 2, report.Devices)
	require.EqualValues(t, 700+300, report.Mappings)
	require.EqualValues(t, 42, report.Superblock.Block)
}

// TestCheckHeldIsNeverWeaker damages each block that is in use: what thin_check finds
// of the snapshot, CheckHeld finds too, and what only the pool's own trees hold is
// nothing to it.
func TestCheckHeldIsNeverWeaker(t *testing.T) {
	needThinCheck(t)
	image := fixture(t, "kernel-held")
	passed := 0
	for _, n := range usedBlocks(t, image)[1:] {
		b := block(image, n)
		before := bytes.Clone(b)
		b[2000] ^= 0xff
		theirs, out := thinCheck(t, image, "--metadata-snap")
		report, err := openImage(t, image).CheckHeld(t.Context())
		require.NoError(t, err)
		require.False(t, report.Sound() && !theirs, "block %d: thin_check finds\n%s", n, out)
		if report.Sound() {
			passed++
		}
		copy(b, before)
	}
	require.NotZero(t, passed)
}
