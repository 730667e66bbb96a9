package metadata

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/rok-storage/rok/units"
	"github.com/stretchr/testify/require"
)

// memory is a metadata device that counts what is done to it.
type memory struct {
	image          []byte
	writes, synced int
	beforeRead     func()
	writeErr       error
}

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	if m.beforeRead != nil {
		m.beforeRead()
	}
	if off+int64(len(p)) > int64(len(m.image)) {
		return 0, errors.New("read past the end")
	}
	return copy(p, m.image[off:]), nil
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	m.writes++
	if m.writeErr != nil {
		return 0, m.writeErr
	}
	return copy(m.image[off:], p), nil
}

func (m *memory) Sync() error { m.synced++; return nil }

func clearNeedsCheck(t *testing.T, m *memory) (*Report, error) {
	t.Helper()
	return ClearNeedsCheck(t.Context(), m, units.Bytes(len(m.image)))
}

func TestClearNeedsCheck(t *testing.T) {
	for _, name := range []string{"kernel-needs-check", "kernel-needs-check-snapshot"} {
		t.Run(name, func(t *testing.T) {
			before := fixture(t, name)
			m := &memory{image: fixture(t, name)}
			report, err := clearNeedsCheck(t, m)
			require.NoError(t, err)
			require.True(t, report.Superblock.NeedsCheck(), "the report is of before")
			require.Equal(t, 1, m.writes)
			require.Equal(t, 1, m.synced)

			// Bytes 0..8 are the checksum and the flags.
			requireBytes(t, before[8:], m.image[8:])
			require.Equal(t, byte(FlagNeedsCheck), before[4])
			require.Equal(t, make([]byte, 4), m.image[4:8])

			_, err = clearNeedsCheck(t, m)
			require.NoError(t, err)
			require.Equal(t, 1, m.writes, "nothing left to clear")

			needThinCheck(t)
			ok, out := thinCheck(t, m.image)
			require.True(t, ok, out)

			ok, out = thinCheck(t, before, "--clear-needs-check-flag")
			require.True(t, ok, out)
			requireBytes(t, before, m.image) // thin_check makes the same of it
		})
	}
}

func TestClearNeedsCheckKeepsUnknownFlags(t *testing.T) {
	m := &memory{image: fixture(t, "kernel-needs-check")}
	m.image[5], m.image[4000] = 0x80, 7 // a flag and a field that no kernel has yet
	seal(m.image, superblockSalt)
	_, err := clearNeedsCheck(t, m)
	require.NoError(t, err)
	require.Equal(t, []byte{0, 0x80}, m.image[4:6])
	require.Equal(t, byte(7), m.image[4000])
}

func TestClearNeedsCheckRefuses(t *testing.T) {
	t.Run("damage", func(t *testing.T) {
		m := &memory{image: fixture(t, "kernel-needs-check")}
		sb, err := ReadSuperblock(m)
		require.NoError(t, err)
		block(m.image, sb.MappingRoot)[100]++
		report, err := clearNeedsCheck(t, m)
		require.False(t, report.Sound())
		var unsound *UnsoundError
		require.ErrorAs(t, err, &unsound)
		require.ErrorIs(t, err, ErrCorrupt)
		require.NotErrorIs(t, err, ErrLeak)
		require.ErrorContains(t, err, "device mapping node): checksum")
		require.Zero(t, m.writes)
	})
	t.Run("metadata leak", func(t *testing.T) {
		m := &memory{image: fixture(t, "kernel-needs-check")}
		leakBlock(t, m.image)
		report, err := clearNeedsCheck(t, m)
		require.True(t, report.Sound())
		require.EqualValues(t, 1, report.MetadataLeaks.Blocks)
		require.ErrorIs(t, err, ErrLeak)
		require.NotErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, "1 metadata blocks leak")
		require.Zero(t, m.writes)

		needThinCheck(t)
		ok, _ := thinCheck(t, m.image, "--clear-needs-check-flag")
		require.False(t, ok, "thin_check clears what leaks")
	})
	t.Run("read-only feature", func(t *testing.T) {
		m := &memory{image: fixture(t, "kernel-needs-check")}
		m.image[356] = 1
		seal(m.image, superblockSalt)
		_, err := clearNeedsCheck(t, m)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		require.Zero(t, m.writes)
	})
	t.Run("active pool", func(t *testing.T) {
		m := &memory{image: fixture(t, "kernel-needs-check")}
		reads := 0
		m.beforeRead = func() {
			if reads++; reads == 5 {
				m.image[48]++ // the transaction id
				seal(m.image, superblockSalt)
			}
		}
		_, err := clearNeedsCheck(t, m)
		require.ErrorIs(t, err, ErrChanged)
		require.Zero(t, m.writes)
	})
	t.Run("write error", func(t *testing.T) {
		m := &memory{image: fixture(t, "kernel-needs-check"), writeErr: os.ErrPermission}
		_, err := clearNeedsCheck(t, m)
		require.ErrorIs(t, err, os.ErrPermission)
		require.Zero(t, m.synced)
	})
	t.Run("cancelled", func(t *testing.T) {
		m := &memory{image: fixture(t, "kernel-needs-check")}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := ClearNeedsCheck(ctx, m, units.Bytes(len(m.image)))
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, m.writes)
	})
	t.Run("no metadata", func(t *testing.T) {
		m := &memory{image: make([]byte, 1<<20)}
		_, err := clearNeedsCheck(t, m)
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, "magic")
	})
}

// leakBlock marks a free metadata block as used.
func leakBlock(t testing.TB, image []byte) {
	t.Helper()
	sb, err := DecodeSuperblock(block(image, 0), 0)
	require.NoError(t, err)
	index, err := decodeIndex(block(image, sb.MetadataSpaceMap.BitmapRoot), sb.MetadataSpaceMap.BitmapRoot, 1)
	require.NoError(t, err)
	b := block(image, index[0].block)
	bits, err := decodeBitmap(b, index[0].block)
	require.NoError(t, err)
	free := 0
	for bits.at(free) != 0 {
		free++
	}
	require.Less(t, uint64(free), sb.MetadataSpaceMap.Blocks)
	bits.set(free, 1)
	seal(b, bitmapSalt)
}
