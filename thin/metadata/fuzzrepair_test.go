package metadata

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/rok-storage/rok/units"
)

// FuzzRepair changes sound metadata as FuzzCheck does, with good checksums, and
// repairs it: whatever comes out is sound, and a device can be extracted or is
// refused. The highest bit of which wipes the superblock.
func FuzzRepair(f *testing.F) {
	names := []string{"restored-small", "kernel-held", "kernel-snapshots", "kernel-needs-check"}
	images := make([][]byte, len(names))
	used := make([][]uint64, len(names))
	for i, name := range names {
		images[i] = fixture(f, name)
		used[i] = usedBlocks(f, images[i])
	}
	change := func(block, offset uint16, value uint64) []byte {
		le := binary.LittleEndian
		return le.AppendUint64(le.AppendUint16(le.AppendUint16(nil, block), offset), value)
	}
	f.Add(byte(0), []byte{})
	f.Add(byte(128+1), []byte{})
	f.Add(byte(2), append(change(0, 320, 7), change(5, 16, 1<<40)...))
	f.Add(byte(128+2), change(9, 40, 0))
	f.Fuzz(func(t *testing.T, which byte, changes []byte) {
		i := int(which&127) % len(images)
		image := bytes.Clone(images[i])
		salts := map[uint64]salt{}
		for ; len(changes) >= fuzzRecord; changes = changes[fuzzRecord:] {
			le := binary.LittleEndian
			n := used[i][int(le.Uint16(changes))%len(used[i])]
			b := block(image, n)
			if _, ok := salts[n]; !ok {
				salts[n], _ = saltOf(b)
			}
			le.PutUint64(b[4+int(le.Uint16(changes[2:]))%(BlockSize-12):], le.Uint64(changes[4:]))
		}
		for n, s := range salts {
			seal(block(image, n), s)
		}
		if which&128 != 0 {
			clear(image[:BlockSize])
		}
		size := units.Sectors(128)
		_, fixed, err := repairImage(t, image, Overrides{DataBlockSize: &size})
		if err != nil {
			return
		}
		m := openImage(t, fixed)
		for _, d := range devicesOf(t, m) {
			x := newExtracted(t, 64<<10)
			x.salvage = true
			_, _ = m.Trees().Extract(t.Context(), numbered{block: 64 << 10}, d, x, ExtractOptions{Size: 1 << 20})
		}
	})
}
