package metadata

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBlocksRoundTrip decodes every block of every fixture that carries a
// checksum, encodes it again and expects the same bytes.
func TestBlocksRoundTrip(t *testing.T) {
	kinds := map[salt]int{}
	for _, name := range fixtures(t) {
		image := fixture(t, name)
		for n := uint64(1); n < uint64(len(image)/BlockSize); n++ {
			b := block(image, n)
			s, ok := saltOf(b)
			if !ok || blockNumber(b) != n {
				continue
			}
			kinds[s]++
			switch s {
			case nodeSalt:
				roundTripNode(t, b, n)
			case indexSalt:
				entries, err := decodeIndex(b, n, maxIndexEntries)
				require.NoError(t, err)
				requireBytes(t, b, appendIndex(nil, n, entries))
			case bitmapSalt:
				bits, err := decodeBitmap(b, n)
				require.NoError(t, err)
				requireBytes(t, b, appendBitmap(nil, n, bits))
				again := bitmap{make([]byte, len(bits.entries))}
				for i := range bitmapEntries {
					again.set(i, bits.at(i))
				}
				requireBytes(t, bits.entries, again.entries)
			}
		}
	}
	for _, s := range []salt{superblockSalt, nodeSalt, bitmapSalt, indexSalt} {
		require.NotZero(t, kinds[s], "no fixture has a block with salt %d", s)
	}
}

// roundTripNode also sends the values through their own encoding.
func roundTripNode(t *testing.T, b []byte, at uint64) {
	t.Helper()
	leafSize := int(binary.LittleEndian.Uint32(b[24:]))
	n, err := decodeNode(b, at, "node", leafSize)
	require.NoError(t, err)
	var keys []uint64
	var values []byte
	for i := range n.entries {
		keys = append(keys, n.key(i))
		switch v := n.value(i); {
		case !n.leaf:
			values = binary.LittleEndian.AppendUint64(values, n.value64(i))
		case leafSize == deviceDetailSize:
			values = appendDeviceDetail(values, decodeDeviceDetail(v))
		case leafSize == indexEntrySize:
			values = appendIndexEntry(values, decodeIndexEntry(v))
		case leafSize == 4:
			values = appendRefCount(values, decodeRefCount(v))
		default:
			values = binary.LittleEndian.AppendUint64(values, UnpackBlockTime(n.value64(i)).Pack())
		}
	}
	// The kernel leaves what was behind the last entry as it is.
	want := append([]byte(nil), b...)
	clear(want[nodeHeaderSize+n.entries*keySize : nodeHeaderSize+n.max*keySize])
	clear(want[nodeHeaderSize+n.max*keySize+n.entries*n.valueSize:])
	seal(want, nodeSalt)
	requireBytes(t, want, appendNode(nil, at, n.leaf, n.valueSize, keys, values))
}

// TestMaxEntries holds the figures that thin_restore and the kernel write.
func TestMaxEntries(t *testing.T) {
	for size, want := range map[int]int{4: 336, 8: 252, 16: 168, 24: 126} {
		require.Equal(t, want, maxEntries(size), "values of %d bytes", size)
	}
}
