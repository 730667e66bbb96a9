package disk_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// pvcreated is the layout that the words of a line of testdata/pvcreate.txt ask
// for: the device's size, and pvcreate's options.
func pvcreated(t *testing.T, words []string) disk.Layout {
	t.Helper()
	size := func(text string) units.Bytes {
		n, err := units.ParseBytes(text)
		require.NoError(t, err)
		return n &^ 511 // 99.9M is no whole number of sectors
	}
	l := disk.Layout{Size: size(words[0])}
	for i := 1; i < len(words); i += 2 {
		switch value := words[i+1]; words[i] {
		case "--metadatasize":
			l.MetadataSize = size(value)
		case "--dataalignment":
			l.Alignment = size(value)
		case "--dataalignmentoffset":
			l.AlignmentOffset = size(value)
		case "--bootloaderareasize":
			l.BootSize = size(value)
		case "--setphysicalvolumesize":
			l.Size = size(value)
		case "--pvmetadatacopies":
			l.NoMetadata, l.SecondArea = value == "0", value == "2"
		case "--labelsector":
			n, err := strconv.Atoi(value)
			require.NoError(t, err)
			l.LabelSector = &n
		default:
			t.Fatalf("unknown option %q", words[i])
		}
	}
	return l
}

// printed is a header as testdata/pvcreate.sh prints it.
func printed(h disk.PVHeader) string {
	list := func(areas []disk.Area) string { return strings.Trim(fmt.Sprint(areas), "[]") }
	var boot []disk.Area
	if h.Boot.Size != 0 {
		boot = append(boot, h.Boot)
	}
	return fmt.Sprintf("sector %d size %d data [%s] metadata [%s] boot [%s] version %d flags %d",
		h.Sector, h.Size, h.Data, list(h.Metadata), list(boot), h.Version, h.Flags)
}

// Each new PV is as pvcreate makes it, and what pvcreate refuses is refused.
func TestLayoutIsPvcreates(t *testing.T) {
	golden, err := os.ReadFile("testdata/pvcreate.txt")
	require.NoError(t, err)
	refused := 0
	for line := range strings.Lines(string(golden)) {
		asked, want, ok := strings.Cut(strings.TrimSpace(line), ": ")
		require.True(t, ok, line)
		h, err := pvcreated(t, strings.Fields(asked)).Header([32]byte{})
		if strings.HasPrefix(want, "refused: ") {
			refused++
			require.ErrorIs(t, err, disk.ErrLayout, line)
			continue
		}
		require.NoError(t, err, line)
		require.Equal(t, want, printed(h), asked)
	}
	require.Equal(t, 76, refused)
}

func TestLayoutRefused(t *testing.T) {
	sector := 4
	tests := []struct {
		name   string
		layout disk.Layout
		want   string
	}{
		{"too small", disk.Layout{Size: units.MiB}, "PV layout: PV size of 1MiB: at least 2MiB"},
		{"larger than an offset", disk.Layout{Size: 1<<64 - 512}, "PV layout: PV size of 18446744073709551104B: at most 9223372036854775296B"},
		{"half a sector", disk.Layout{Size: units.GiB + 100}, "PV layout: PV size of 1073741924B: a multiple of 512B"},
		{"no first area", disk.Layout{Size: units.GiB, NoMetadata: true, SecondArea: true}, "without a first one"},
		{"label sector", disk.Layout{Size: units.GiB, LabelSector: &sector}, "PV layout: label in sector 4, at most 3"},
		// pvcreate 2.03.16 puts the data over the label.
		{"data in the label", disk.Layout{Size: units.GiB, NoMetadata: true, Alignment: 512}, "start of the data area of 512B: at least 2KiB"},
		{"huge alignment", disk.Layout{Size: 1 << 62, Alignment: 1 << 62, AlignmentOffset: 1 << 62, MetadataSize: 1 << 62, BootSize: 1 << 62}, "bootloader area"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.layout.Header([32]byte{})
			require.ErrorIs(t, err, disk.ErrLayout)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// FuzzLayout: what is laid out passes the check of what is read, and does not
// overlap.
func FuzzLayout(f *testing.F) {
	f.Add(uint64(100<<20), uint64(0), uint64(0), uint64(0), uint64(0), byte(0))
	f.Add(uint64(100<<20), uint64(1080<<10), uint64(256<<10), uint64(64<<10), uint64(300<<10), byte(2))
	f.Add(uint64(1<<63-512), uint64(1<<62), uint64(1<<61), uint64(1<<61), uint64(1<<62), byte(2))
	f.Fuzz(func(t *testing.T, size, metadata, alignment, offset, boot uint64, copies byte) {
		l := disk.Layout{
			Size: units.Bytes(size), MetadataSize: units.Bytes(metadata), BootSize: units.Bytes(boot),
			Alignment: units.Bytes(alignment), AlignmentOffset: units.Bytes(offset),
			NoMetadata: copies == 1, SecondArea: copies == 2,
		}
		h, err := l.Header([32]byte{})
		if err != nil {
			require.ErrorIs(t, err, disk.ErrLayout)
			return
		}
		require.Empty(t, h.Check(l.Size))
		require.LessOrEqual(t, h.Data.Start, h.DataEnd())
	})
}
