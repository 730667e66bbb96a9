package disk_test

import (
	"encoding/binary"
	"maps"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// FuzzSignatures changes devices that are something, and no device makes it fail. A
// change is 16 bytes: where, from the start or, of a negative number, from the end,
// and what is put there; the most negative one says from where on the device cannot
// be read. A size of 0 is the image's own, another one is in sectors.
func FuzzSignatures(f *testing.F) {
	all := []*sectors{{size: units.MiB, data: map[int64][]byte{}}}
	for _, name := range signedNames(f) {
		all = append(all, signed(f, name))
	}
	f.Add(byte(0), uint16(64), placed(512, "EFI PART"))
	f.Add(byte(0), uint16(0), placed(-512, "EFI PART"))
	f.Fuzz(func(t *testing.T, which byte, size uint16, changes []byte) {
		image := all[int(which)%len(all)]
		s := &sectors{image.size, maps.Clone(image.data)}
		if size > 0 {
			s.size = units.Bytes(size) * units.SectorSize
		}
		device := failing{s, math.MaxInt64}
		for ; len(changes) >= 16; changes = changes[16:] {
			at := int64(binary.LittleEndian.Uint64(changes))
			if at == math.MinInt64 {
				device.from = int64(binary.LittleEndian.Uint64(changes[8:]))
				continue
			}
			s.put(at, changes[8:16])
		}
		found, err := disk.Signatures(device, s.size)
		if err != nil {
			require.ErrorIs(t, err, errMedium)
			require.Less(t, device.from, int64(s.size))
			return
		}
		for i, sig := range found {
			require.LessOrEqual(t, sig.Offset+sig.Length, s.size)
			require.True(t, i == 0 || found[i-1].Offset <= sig.Offset)
			require.NotEmpty(t, sig.String())
			require.LessOrEqual(t, sig.Sectors().Start, sig.Offset)
		}
	})
}

// placed is a change of FuzzSignatures, of eight bytes of text each.
func placed(at int64, text string) (change []byte) {
	for ; text != ""; at += 8 {
		word := make([]byte, 8)
		text = text[copy(word, text):]
		change = append(binary.LittleEndian.AppendUint64(change, uint64(at)), word...)
	}
	return change
}

// put writes data at a byte, or from the end where at is negative.
func (s *sectors) put(at int64, data []byte) {
	if at < 0 {
		at += int64(s.size)
	}
	for i, c := range data {
		n := (at + int64(i)) / units.SectorSize
		if at < 0 || n >= int64(s.size)/units.SectorSize {
			return
		}
		sector := make([]byte, units.SectorSize)
		copy(sector, s.data[n])
		sector[(at+int64(i))%units.SectorSize] = c
		s.data[n] = sector
	}
}

// signedNames are the images of testdata/signatures.txt.
func signedNames(t testing.TB) (names []string) {
	t.Helper()
	golden, err := os.ReadFile("testdata/signatures.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(golden)) {
		name, _, _ := strings.Cut(line, " ")
		names = append(names, name)
	}
	return names
}
