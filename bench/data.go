package bench

import (
	"encoding/binary"

	"github.com/rok-storage/rok/bench/pattern"
	"github.com/rok-storage/rok/units"
)

// fillRandom fills b, a whole number of words, with random bytes: targets that
// compress or skip zeros would look better than they are.
func fillRandom(b []byte, r *pattern.Rand) {
	for ; len(b) >= 8; b = b[8:] {
		binary.NativeEndian.PutUint64(b, r.Uint64())
	}
}

// stampSectors changes a word in each sector of b, so that no sector is
// written twice with the same content (fio's scramble_buffers).
func stampSectors(b []byte, r *pattern.Rand) {
	for ; len(b) >= units.SectorSize; b = b[units.SectorSize:] {
		binary.NativeEndian.PutUint64(b, r.Uint64())
	}
}
