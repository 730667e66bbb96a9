package metadata

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// fuzzRecord is the length of one change in FuzzCheck.
const fuzzRecord = 12

// FuzzCheck changes sound metadata and puts the checksums right again, so that what is
// tested lies behind them. A change is 12 bytes: fixture and block (16 bits),
// offset (16 bits), value (64 bits).
func FuzzCheck(f *testing.F) {
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
	f.Add(byte(1), change(0, 64, 1<<60))
	f.Add(byte(2), append(change(0, 320, 7), change(5, 16, 1<<40)...))
	f.Add(byte(3), change(4, 2048, 0))
	f.Fuzz(func(t *testing.T, which byte, changes []byte) {
		i := int(which) % len(images)
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
		m, err := Open(bytes.NewReader(image), units.Bytes(len(image)))
		if err != nil {
			return
		}
		report, err := m.Check(t.Context())
		require.NoError(t, err)
		require.Equal(t, report.Sound(), report.Err() == nil)
		require.LessOrEqual(t, len(report.Faults), maxListed)
		require.LessOrEqual(t, report.MetadataUsed, uint64(len(image)/BlockSize))
		if report.Sound() {
			require.LessOrEqual(t, report.DataBlocks, report.Superblock.DataSpaceMap.Blocks)
		}
	})
}

// FuzzDecode hands any block to every decoder, with a checksum that is good for
// it, and expects what was decoded to encode to what decodes the same.
func FuzzDecode(f *testing.F) {
	image := fixture(f, "kernel-snapshots")
	for _, n := range usedBlocks(f, image) {
		f.Add(block(image, n)[4:400])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b := make([]byte, BlockSize)
		copy(b[4:], data)
		at := blockNumber(b)

		seal(b, superblockSalt)
		if sb, err := DecodeSuperblock(b, at); err == nil {
			again, err := DecodeSuperblock(AppendSuperblock(nil, sb), at)
			require.NoError(t, err)
			require.Equal(t, sb, again)
		}
		seal(b, indexSalt)
		if entries, err := decodeIndex(b, at, maxIndexEntries); err == nil {
			requireBytes(t, b, appendIndex(nil, at, entries))
		}
		seal(b, bitmapSalt)
		if bits, err := decodeBitmap(b, at); err == nil {
			requireBytes(t, b, appendBitmap(nil, at, bits))
		}
		seal(b, nodeSalt)
		for _, size := range []int{4, keySize, indexEntrySize, deviceDetailSize} {
			if n, err := decodeNode(b, at, "node", size); err == nil {
				for i := range n.entries {
					_ = n.key(i)
					require.Len(t, n.value(i), n.valueSize)
				}
			}
		}
	})
}
