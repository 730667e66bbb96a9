package disk_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// sealLabel makes the checksum of the label in a sector right.
func sealLabel(sector []byte) {
	binary.LittleEndian.PutUint32(sector[16:], disk.Checksum(sector[20:512]))
}

// sealArea makes the checksum of the area header in a sector right.
func sealArea(sector []byte) {
	binary.LittleEndian.PutUint32(sector, disk.Checksum(sector[4:512]))
}

// changed is the label of the default PV with n written at offset at of it, and
// the checksum right.
func changed(t *testing.T, at int, n uint64) []byte {
	t.Helper()
	b := image(t, "default")[:disk.LabelScanSize]
	binary.LittleEndian.PutUint64(b[512+at:], n)
	sealLabel(b[512:])
	return b
}

func TestLabelsThatAreNone(t *testing.T) {
	full := changed(t, 0, binary.LittleEndian.Uint64([]byte("LABELONE")))
	for at := 512 + 72; at+8 <= 1024; at += 8 {
		binary.LittleEndian.PutUint64(full[at:], 4096)
	}
	sealLabel(full[512:])
	two := func(b []byte, at int) []byte {
		for i := range 2 {
			binary.LittleEndian.PutUint64(b[512+at+16*i:], uint64(i+1)<<20)
		}
		clear(b[512+at+32:][:80])
		sealLabel(b[512:])
		return b
	}
	long := changed(t, 0, binary.LittleEndian.Uint64([]byte("LABELONE")))
	for at := 512 + 104; at+8 <= 1024; at += 8 {
		binary.LittleEndian.PutUint64(long[at:], 4096)
	}
	sealLabel(long[512:])
	unsealed := image(t, "default")
	unsealed[600]++
	tests := []struct {
		name string
		b    []byte
		want string
	}{
		{"checksum", unsealed, "label at byte 512: checksum: expected 0x"},
		{"sector of another", changed(t, 8, 2), "label at byte 512: sector: expected 1, found 2"},
		{"type", changed(t, 24, 0x31303020314d564c), `label at byte 512: type: expected LVM2 001, found "LVM1 001"`},
		{"header in the label", changed(t, 20, 31|0x324d564c<<32), "label at byte 512: offset of the PV header: expected 32, found 31"},
		{"header behind the sector", changed(t, 20, 513|0x324d564c<<32), "label at byte 512: offset of the PV header: expected 32, found 513"},
		{"header at the end", changed(t, 20, 500|0x324d564c<<32), "PV header at byte 1012: length: expected 40, found 12"},
		{"ID", changed(t, 40, 0), "PV header at byte 544: ID: expected 32 letters and digits, found "},
		{"no size", changed(t, 64, 0), "PV header at byte 544: device size: expected not zero, found 0"},
		{"endless data areas", full, "PV header at byte 544: list of data areas: expected an end, found none"},
		{"endless metadata areas", long, "PV header at byte 544: list of metadata areas: expected an end, found none"},
		{"no data area", changed(t, 72, 0), "PV header at byte 544: data areas: expected 1, found 0"},
		{"two data areas", two(changed(t, 0, binary.LittleEndian.Uint64([]byte("LABELONE"))), 72), "PV header at byte 544: data areas: expected 1, found 2"},
		{"two bootloader areas", two(changed(t, 0, binary.LittleEndian.Uint64([]byte("LABELONE"))), 144), "PV header at byte 544: bootloader areas: expected at most 1, found 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := disk.FindLabel(test.b)
			require.ErrorIs(t, err, disk.ErrDamaged)
			require.ErrorContains(t, err, test.want)
		})
	}
	_, err := disk.FindLabel(make([]byte, 2048))
	require.Equal(t, disk.ErrNoLabel, err)
	_, err = disk.FindLabel(nil)
	require.Equal(t, disk.ErrNoLabel, err)
	_, err = disk.ReadLabel(bytes.NewReader(make([]byte, 700)))
	require.Equal(t, disk.ErrNoLabel, err)
	_, err = disk.DecodeLabel(make([]byte, 511), 1)
	require.EqualError(t, err, "label at byte 512: length: expected 512, found 511")
}

// The first sound label counts, in whichever of the four sectors it is.
func TestFirstSoundLabelCounts(t *testing.T) {
	h, err := disk.FindLabel(image(t, "default"))
	require.NoError(t, err)
	for sector := range 4 {
		b := make([]byte, disk.LabelScanSize)
		for s := range 4 {
			h.Sector, h.Size = s, units.Bytes(s+1)<<20
			copy(b[512*s:], disk.AppendLabel(nil, h))
			if s < sector {
				b[512*s+100]++ // of these, none counts
			}
		}
		found, err := disk.FindLabel(b)
		require.NoError(t, err)
		require.Equal(t, sector, found.Sector)
		require.Equal(t, units.Bytes(sector+1)<<20, found.Size)
	}
}

// A header of before 2.02.99 has no extension, and one of before 2.03 has
// version 1, which has no place for "used".
func TestOldHeaders(t *testing.T) {
	h, err := disk.FindLabel(image(t, "default"))
	require.NoError(t, err)
	require.True(t, h.Used())
	for version := range uint32(2) {
		h.Version, h.Flags = version, 0
		old, err := disk.DecodeLabel(disk.AppendLabel(nil, h), 1)
		require.NoError(t, err)
		require.Equal(t, h, old)
		require.False(t, old.Used())
		require.True(t, old.Writable())
		old.SetUsed(true)
		require.True(t, old.Used())
		require.EqualValues(t, 2, old.Version)
		old.Flags |= 1 << 5
		old.SetUsed(false)
		require.False(t, old.Used())
		require.EqualValues(t, 1<<5, old.Flags)
	}
	h.Version = 3
	require.False(t, h.Writable())
}

// What a reader must not believe.
func TestAreasOutOfPlace(t *testing.T) {
	const device = 100 * units.MiB
	const m = units.MiB
	first := disk.Area{Start: 4096, Size: m - 4096}
	header := func(data units.Bytes, areas ...disk.Area) disk.PVHeader {
		return disk.PVHeader{Sector: 1, Size: device, Data: disk.Area{Start: data}, Metadata: areas, Version: 2}
	}
	boot := func(h disk.PVHeader, a disk.Area) disk.PVHeader {
		h.Boot = a
		return h
	}
	sized := func(h disk.PVHeader, size units.Bytes) disk.PVHeader {
		h.Data.Size = size
		return h
	}
	larger := header(m, first)
	larger.Size++
	tests := []struct {
		name   string
		header disk.PVHeader
		want   []string
	}{
		{"sound", header(m, first), nil},
		{"sound, second area", header(m, first, disk.Area{Start: 99 * m, Size: m}), nil},
		{"sound, no room for data", header(m, first, disk.Area{Start: m, Size: 99 * m}), nil},
		{"sound, bootloader area", boot(header(2*m, first), disk.Area{Start: m, Size: m}), nil},
		{"larger than the device", larger, []string{"PV header at byte 544: size of the PV: expected at most the device's 104857600, found 104857601"}},
		{"data in the label", header(512), []string{"PV header at byte 544: start of the data area: expected a whole number of sectors behind the label, within the device, found 512"}},
		{"data behind the device", header(device+512, first), []string{"start of the data area"}},
		{"data off sectors", header(m+1, first), []string{"start of the data area"}},
		{"area in the label", header(m, disk.Area{Start: 512, Size: m / 2}), []string{"metadata area 0: expected a whole number of sectors behind the label, within the device, found 512+524288"}},
		{"area off sectors", header(m, disk.Area{Start: 4097, Size: m / 2}), []string{"metadata area 0"}},
		{"area of half a sector", header(m, disk.Area{Start: 4096, Size: m/2 + 1}), []string{"metadata area 0"}},
		{"area of a header", header(m, disk.Area{Start: 4096, Size: 512}), []string{"metadata area 0"}},
		{"area behind the device", header(m, disk.Area{Start: device, Size: m}), []string{"metadata area 0"}},
		{"area over the end", header(m, first, disk.Area{Start: 99 * m, Size: m + 512}), []string{"metadata area 1"}},
		{"area that overflows", header(m, disk.Area{Start: 4096, Size: 1<<64 - 4096}), []string{"metadata area 0"}},
		{"area that overflows twice", header(m, disk.Area{Start: 1<<64 - 512, Size: 1<<64 - 512}), []string{"metadata area 0"}},
		{"area over the data", header(m, disk.Area{Start: 4096, Size: 2 * m}), []string{"metadata area 0: expected outside of the data area, which begins at 1048576, found 4096+2097152"}},
		{"area in the data", sized(header(m, first, disk.Area{Start: 50 * m, Size: m}), 60*m), nil}, // the data ends there
		{"same area twice", header(m, first, first), []string{"metadata area 1: expected outside of metadata area 0, 4096+1044480, found 4096+1044480"}},
		{"areas that overlap", header(10*m, first, disk.Area{Start: m - 512, Size: m}), []string{"metadata area 1: expected outside of metadata area 0"}},
		{"bootloader area over an area", boot(header(2*m, first), disk.Area{Start: m - 512, Size: m}), []string{"metadata area 0: expected outside of the bootloader area, 1048064+1048576"}},
		{"bootloader area over data", boot(header(2*m, first), disk.Area{Start: m, Size: m + 512}), []string{"bootloader area: expected outside of the data area, which begins at 2097152"}},
		{"bootloader area in the label", boot(header(2*m, first), disk.Area{Start: 512, Size: 512}), []string{"bootloader area: expected a whole number of sectors"}},
		{"bootloader area behind the device", boot(header(2*m, first), disk.Area{Start: device, Size: 512}), []string{"bootloader area"}},
		{"many", header(512, disk.Area{}, disk.Area{Start: device, Size: m}), []string{"start of the data area", "metadata area 0", "metadata area 1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			faults := test.header.Check(device)
			require.Len(t, faults, len(test.want), "%v", faults)
			for i, want := range test.want {
				require.ErrorContains(t, faults[i], want)
				require.ErrorIs(t, faults[i], disk.ErrDamaged)
			}
		})
	}
}

func TestDataEnd(t *testing.T) {
	h := disk.PVHeader{Size: 100 * units.MiB, Data: disk.Area{Start: units.MiB}}
	require.Equal(t, 100*units.MiB, h.DataEnd())
	h.Data.Size = 50 * units.MiB
	require.Equal(t, 51*units.MiB, h.DataEnd())
	h.Metadata = []disk.Area{{Start: 4096, Size: 1044480}, {Start: 40 * units.MiB, Size: units.MiB}}
	require.Equal(t, 40*units.MiB, h.DataEnd())
	h.Data.Size = 1<<64 - 1
	h.Metadata = nil
	require.Equal(t, 100*units.MiB, h.DataEnd())
}

func TestAreaHeadersThatAreNone(t *testing.T) {
	sound := image(t, "default")[4096:4608]
	change := func(at int, n uint64, seal bool) []byte {
		b := bytes.Clone(sound)
		binary.LittleEndian.PutUint64(b[at:], n)
		if seal {
			sealArea(b)
		}
		return b
	}
	tests := []struct {
		name string
		b    []byte
		want string
	}{
		{"short", sound[:511], "metadata area header at byte 4096: length: expected 512, found 511"},
		{"zeros", make([]byte, 512), `metadata area header at byte 4096: magic: expected " LVM2 x[5A%r0N*>", found "\x00`},
		{"checksum", change(504, 1, false), "metadata area header at byte 4096: checksum: expected 0x"},
		{"version", change(20, 2, true), "metadata area header at byte 4096: version: expected 1, found 2"},
		{"start", change(24, 8192, true), "metadata area header at byte 4096: start: expected 4096, found 8192"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := disk.DecodeAreaHeader(test.b, 4096)
			require.ErrorIs(t, err, disk.ErrDamaged)
			require.ErrorContains(t, err, test.want)
		})
	}
	h, err := disk.DecodeAreaHeader(sound, 4096)
	require.NoError(t, err)
	require.False(t, h.Ignored())
	require.False(t, h.Committed.Empty())
	require.True(t, h.Precommitted.Empty())
}
