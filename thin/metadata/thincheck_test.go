package metadata

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestThinCheckAgrees compares verdicts with Debian's thin_check: equal on the
// fixtures, and never weaker on copies that were changed under a right checksum.
func TestThinCheckAgrees(t *testing.T) {
	needThinCheck(t)
	rng := rand.New(rand.NewPCG(1, 0))
	const samples = 12 // on each fixture: a run of thin_check takes a while
	stricter := 0
	for _, name := range fixtures(t) {
		image := fixture(t, name)
		ok, out := thinCheck(t, image)
		require.True(t, ok, "%s: %s", name, out)
		require.True(t, sound(t, image), name)

		used := usedBlocks(t, image)
		for range samples {
			n := used[rng.IntN(len(used))]
			b := block(image, n)
			before := append([]byte(nil), b...)
			at := damage(rng, b)
			reseal(t, before, b)
			theirs, out := thinCheck(t, image)
			ours := sound(t, image)
			require.False(t, ours && !theirs, "%s: block %d, byte %d, %d -> %d: thin_check finds\n%s",
				name, n, at, before[at], b[at], out)
			if theirs && !ours {
				stricter++
			}
			copy(b, before)
		}
	}
	t.Logf("of the copies that thin_check passes, %d are refused here", stricter)
}

// damage changes one byte of b that its record gives a meaning, and returns where.
func damage(rng *rand.Rand, b []byte) int {
	at := 4 + rng.IntN(BlockSize-4)
	if s, _ := saltOf(b); s == nodeSalt {
		n, most := int(binary.LittleEndian.Uint32(b[16:])), int(binary.LittleEndian.Uint32(b[20:]))
		size := int(binary.LittleEndian.Uint32(b[24:]))
		switch which := rng.IntN(3); {
		case n == 0 || which == 0:
			at = 4 + rng.IntN(nodeHeaderSize-4)
		case which == 1:
			at = nodeHeaderSize + rng.IntN(n*keySize)
		default:
			at = nodeHeaderSize + most*keySize + rng.IntN(n*size)
		}
	} else if rng.IntN(2) == 0 {
		at = 4 + rng.IntN(superblockSize-4)
	}
	b[at] ^= byte(1 + rng.IntN(255))
	return at
}
