package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// ring is the metadata area of testdata/ring.txt.
var ring = disk.Area{Start: 4096, Size: 32768}

// Each text goes where lvm2 put it, all around a small ring.
func TestPlaceIsLVM2s(t *testing.T) {
	golden, err := os.ReadFile("testdata/ring.txt")
	require.NoError(t, err)
	old := disk.Location{Offset: 512, Size: 1} // of vgcreate, in the first sectors
	wraps := 0
	for line := range strings.Lines(string(golden)) {
		var want disk.Location
		_, err := fmt.Sscan(line, &want.Offset, &want.Size)
		require.NoError(t, err)
		if old.Size == 1 {
			old.Size = want.Offset - 512 // whatever it was, this came next
		}
		if want.Offset == old.Offset && want.Size == old.Size {
			continue // no tag was changed
		}
		got, err := ring.Place(make([]byte, want.Size), old)
		require.NoError(t, err)
		require.Equal(t, want.Offset, got.Offset, "behind %v", old)
		require.Equal(t, want.Size, got.Size)
		if got.Offset+got.Size > ring.Size {
			wraps++
		}
		old = got
	}
	require.Greater(t, wraps, 20)
}

// From vgs -o vg_mda_size,vg_mda_free of lvm2 2.03.16: a text of 817 bytes in
// 1020 KiB leaves 508 KiB, and one of 7531 in 32 KiB leaves 7.5, in sectors.
func TestMaxTextIsLVM2s(t *testing.T) {
	free := func(a disk.Area, text units.Bytes) units.Sectors { return (a.MaxText() - text).SectorsRoundDown() }
	require.Equal(t, units.Bytes(521472), disk.Area{Start: 4096, Size: 1044480}.MaxText())
	require.Equal(t, units.Sectors(1016), free(disk.Area{Start: 4096, Size: 1044480}, 817))
	require.Equal(t, units.Sectors(15), free(ring, 7531))
	require.Zero(t, disk.Area{Start: 4096, Size: 1024}.MaxText())
	require.Zero(t, disk.Area{Start: 4096, Size: 1536}.MaxText())
	require.Zero(t, disk.Area{Start: 4096}.MaxText())
}

// What was written is read, and the text before it is still whole, however long
// they are.
func TestRingTurns(t *testing.T) {
	const seed = 3
	random := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		a := disk.Area{Start: 4096, Size: 512 * units.Bytes(4+random.IntN(60))}
		image := make([]byte, a.Start+a.Size)
		var old disk.Location
		var before []byte
		for range 300 {
			text := bytes.Repeat([]byte{byte('a' + random.IntN(26))}, 1+random.IntN(int(a.MaxText())+1))
			if len(text) > int(a.MaxText()) {
				_, err := a.Place(text, old)
				require.ErrorIs(t, err, disk.ErrTextTooLong)
				continue
			}
			l, err := a.Place(text, old)
			require.NoError(t, err, "seed %d", seed)
			for _, w := range a.Writes(text, l) {
				require.Zero(t, (w.Start|units.Bytes(len(w.Data)))%512)
				require.GreaterOrEqual(t, w.Start, a.Start+disk.HeaderSize)
				copy(image[w.Start:], w.Data)
			}
			for l, want := range map[disk.Location][]byte{l: text, old: before} {
				if l.Empty() {
					continue
				}
				got, err := a.ReadText(bytes.NewReader(image), l)
				require.NoError(t, err, "seed %d", seed)
				require.True(t, string(want) == got)
			}
			old, before = l, text
		}
	}
}

// A text that is longer than lvm2 writes leaves less room for the next one.
func TestPlaceBesideALongText(t *testing.T) {
	old := disk.Location{Offset: 20480, Size: 30000}
	require.NoError(t, ring.CheckLocation(old))
	l, err := ring.Place(make([]byte, 2048), old)
	require.NoError(t, err)
	require.Equal(t, units.Bytes(20480+30208-32768+512), l.Offset)
	_, err = ring.Place(make([]byte, 2049), old)
	var long *disk.TextTooLongError
	require.ErrorAs(t, err, &long)
	require.Equal(t, disk.TextTooLongError{Area: ring, Size: 2049, Max: 2048}, *long)
	require.EqualError(t, err, "metadata area at byte 4096: text of 2049 bytes is 1 too long: at most 2048")
}

// Where the committed text cannot be, the ring begins anew; an ignored area is
// in use again.
func TestPlaceInDamagedRing(t *testing.T) {
	for _, old := range []disk.Location{{}, {Offset: 512, Size: 1 << 60}, {Offset: 1 << 60, Size: 1}, {Offset: 8, Size: 8}, {Flags: disk.FlagIgnored}} {
		l, err := ring.Place([]byte("text\x00"), old)
		require.NoError(t, err)
		require.Equal(t, disk.Location{Offset: 512, Size: 5, Checksum: disk.Checksum([]byte("text\x00"))}, l)
	}
}

func TestTextsThatAreNone(t *testing.T) {
	image := make([]byte, 4096+32768)
	sum := disk.Checksum(make([]byte, 100))
	tests := []struct {
		name string
		l    disk.Location
		want string
	}{
		{"in the header", disk.Location{Offset: 511, Size: 100}, "metadata text at byte 4096: offset: expected within 4096+32768, found 511"},
		{"behind the area", disk.Location{Offset: 32768, Size: 100}, "metadata text at byte 4096: offset: expected within 4096+32768, found 32768"},
		{"no size", disk.Location{Offset: 512}, "metadata text at byte 4096: size: expected within 4096+32768, found 0"},
		{"around itself", disk.Location{Offset: 1024, Size: 32768 - 511}, "metadata text at byte 4096: size: expected within 4096+32768, found 32257"},
		{"overflow", disk.Location{Offset: 1024, Size: 1<<64 - 1}, "metadata text at byte 4096: size: expected within 4096+32768, found 18446744073709551615"},
		{"checksum", disk.Location{Offset: 1024, Size: 100, Checksum: sum ^ 1}, "metadata text at byte 5120: checksum: expected"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ring.ReadText(bytes.NewReader(image), test.l)
			require.ErrorIs(t, err, disk.ErrDamaged)
			require.ErrorContains(t, err, test.want)
		})
	}
	// The whole ring is a text that is read, too.
	l := disk.Location{Offset: 1024, Size: 32768 - 512, Checksum: disk.Checksum(make([]byte, 32768-512))}
	got, err := ring.ReadText(bytes.NewReader(image), l)
	require.NoError(t, err)
	require.Empty(t, got, "it ends with its first zero byte")
	// A device that ends before the area does.
	_, err = ring.ReadText(bytes.NewReader(image[:20000]), l)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NotErrorIs(t, err, disk.ErrDamaged)
	require.ErrorContains(t, err, "metadata text at byte 5120: cannot be read: ")
}

// failing is a device that fails from a byte on.
type failing struct {
	io.ReaderAt
	from int64
}

var errMedium = errors.New("medium error")

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	if at+int64(len(b)) > f.from {
		return 0, errMedium
	}
	return f.ReaderAt.ReadAt(b, at)
}

func TestUnreadable(t *testing.T) {
	b := image(t, "default")
	_, err := disk.ReadLabel(failing{bytes.NewReader(b), 0})
	require.ErrorIs(t, err, errMedium)
	require.NotErrorIs(t, err, disk.ErrDamaged)
	_, err = disk.ReadAreaHeader(failing{bytes.NewReader(b), 4096}, 4096)
	require.ErrorIs(t, err, errMedium)
	_, err = disk.ReadAreaHeader(bytes.NewReader(b), 1<<63)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	a := disk.Area{Start: 4096, Size: 1044480}
	for _, from := range []int64{4096, 5000, 1 << 19} {
		_, err = a.Search(failing{bytes.NewReader(b), from})
		require.ErrorIs(t, err, errMedium)
	}
}
