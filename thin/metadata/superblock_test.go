package metadata

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSuperblockRoundTrip(t *testing.T) {
	for _, name := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			image := fixture(t, name)
			sb, err := ReadSuperblock(bytes.NewReader(image))
			require.NoError(t, err)
			requireSuperblock(t, block(image, 0), sb)
			if sb.HeldRoot != 0 {
				held, err := DecodeSuperblock(block(image, sb.HeldRoot), sb.HeldRoot)
				require.NoError(t, err)
				requireSuperblock(t, block(image, sb.HeldRoot), held)
				require.Zero(t, held.DataSpaceMap, "a held root has no space map")
			}
		})
	}
}

// requireSuperblock compares sb, encoded, with the block that it was decoded from. Behind
// the 32 bytes of a space map root, the kernel writes what its memory held.
func requireSuperblock(t *testing.T, b []byte, sb Superblock) {
	t.Helper()
	b = bytes.Clone(b)
	for _, root := range []int{64, 192} {
		clear(b[root+smRootSize : root+spaceMapRootSize])
	}
	seal(b, superblockSalt)
	requireBytes(t, b, AppendSuperblock(nil, sb))
}

// The values are those of restore.sh.
func TestSuperblockFields(t *testing.T) {
	sb, err := ReadSuperblock(bytes.NewReader(fixture(t, "restored-small")))
	require.NoError(t, err)
	require.Equal(t, "a pool of a test", string(sb.UUID[:]))
	require.Equal(t, uint32(2), sb.Version)
	require.Equal(t, uint32(3), sb.Time)
	require.Equal(t, uint64(17), sb.TransactionID)
	require.Equal(t, uint64(1000), sb.DataSpaceMap.Blocks)
	require.Equal(t, uint64(12), sb.DataSpaceMap.Allocated)
	require.Equal(t, uint64(16), sb.MetadataSpaceMap.Blocks)
	require.EqualValues(t, 128, sb.DataBlockSize)
	require.EqualValues(t, 8, sb.MetadataBlockSize)
	require.False(t, sb.NeedsCheck())
	require.Equal(t, "transaction 17, time 3, 1000 data blocks of 128s, 16 metadata blocks", sb.String())

	sb, err = ReadSuperblock(bytes.NewReader(fixture(t, "kernel-needs-check")))
	require.NoError(t, err)
	require.True(t, sb.NeedsCheck())
	require.Contains(t, sb.String(), "needs check")
}

func TestDecodeSuperblockRefuses(t *testing.T) {
	le := binary.LittleEndian
	tests := []struct {
		name   string
		change func(b []byte)
		sealed bool
		at     uint64
		is     error
		text   string
	}{
		{name: "magic", change: func(b []byte) { le.PutUint64(b[32:], 5) }, sealed: true, is: ErrCorrupt,
			text: "metadata: block 0 (superblock): magic: expected 27022010, found 5"},
		{name: "checksum", change: func(b []byte) { b[4000] = 1 }, is: ErrCorrupt, text: "checksum: expected 0x"},
		{name: "block number", change: func([]byte) {}, at: 3, is: ErrCorrupt, text: "block number: expected 3, found 0"},
		{name: "version 0", change: func(b []byte) { b[40] = 0 }, sealed: true, is: ErrCorrupt, text: "version: expected 1 or 2, found 0"},
		{name: "version 3", change: func(b []byte) { b[40] = 3 }, sealed: true, is: ErrCorrupt, text: "found 3"},
		{name: "metadata block size", change: func(b []byte) { b[340] = 16 }, sealed: true, is: ErrCorrupt, text: "metadata block size: expected 8s, found 16s"},
		{name: "incompatible feature", change: func(b []byte) { b[360] = 4 }, sealed: true, is: errors.ErrUnsupported, text: "unknown incompatible features 0x4"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := block(fixture(t, "restored-small"), 0)
			test.change(b)
			if test.sealed {
				seal(b, superblockSalt)
			}
			_, err := DecodeSuperblock(b, test.at)
			require.ErrorIs(t, err, test.is)
			require.ErrorContains(t, err, test.text)
		})
	}

	t.Run("short", func(t *testing.T) {
		_, err := ReadSuperblock(bytes.NewReader(make([]byte, BlockSize-1)))
		require.ErrorIs(t, err, ErrCorrupt)
		_, err = DecodeSuperblock(nil, 0)
		require.ErrorIs(t, err, ErrCorrupt)
	})
	t.Run("version 1", func(t *testing.T) {
		b := block(fixture(t, "restored-small"), 0)
		b[40] = 1
		seal(b, superblockSalt)
		_, err := DecodeSuperblock(b, 0)
		require.NoError(t, err)
	})
}
