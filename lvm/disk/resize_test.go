package disk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

func TestResized(t *testing.T) {
	const m = units.MiB
	first := disk.Area{Start: 4096, Size: m - 4096}
	h := disk.PVHeader{Size: 100 * m, Data: disk.Area{Start: m}, Metadata: []disk.Area{first}}
	got, err := h.Resized(120*m + 5)
	require.NoError(t, err)
	require.Equal(t, disk.PVHeader{Size: 120 * m, Data: disk.Area{Start: m}, Metadata: []disk.Area{first}}, got)

	// What pvresize of lvm2 2.03.16 does to an orphan of 120 MiB that becomes one of 140.
	h.Metadata = []disk.Area{first, {Start: 125829120 - m, Size: m}}
	got, err = h.Resized(146800640)
	require.NoError(t, err)
	require.Equal(t, []disk.Area{first, {Start: 145752064, Size: 1048576}}, got.Metadata)
	require.Equal(t, disk.Area{Start: 125829120 - m, Size: m}, h.Metadata[1], "the old header is as it was")

	// An area that begins where it did stays as it is.
	h.Metadata[1] = disk.Area{Start: 102760448, Size: 1572864}
	got, err = h.Resized(104333312 + 512)
	require.NoError(t, err)
	require.Equal(t, h.Metadata[1], got.Metadata[1])
	require.Equal(t, units.Bytes(104333312+512), got.Size)

	h.Data.Size = 50 * m
	got, err = h.Resized(10 * m)
	require.NoError(t, err)
	require.Equal(t, disk.Area{Start: m, Size: 7 * m}, got.Data)
	require.Empty(t, got.Check(10*m))

	for size, want := range map[units.Bytes]string{
		m:     "PV size of 1MiB: at least 2MiB",
		2 * m: "PV size of 2MiB: at least 2560KiB",
	} {
		_, err = h.Resized(size)
		require.ErrorIs(t, err, disk.ErrLayout)
		require.ErrorContains(t, err, want)
	}
	_, err = disk.PVHeader{Data: disk.Area{Start: 3 * m}}.Resized(2 * m)
	require.ErrorContains(t, err, "PV size of 2MiB: at least 3MiB")
}
