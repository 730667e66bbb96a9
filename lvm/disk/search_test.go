package disk_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// vgText is a text that begins like lvm2's and has n bytes in all, the zero byte
// at its end not counted.
func vgText(name string, seqno, n int) []byte {
	text := fmt.Sprintf("%s {\nid = \"c1MR9V-HwYX-pyIE-ujkg-oTPB-eTMh-GR1oeV\"\nseqno = %d\n", name, seqno)
	return []byte(text + strings.Repeat("x", n-len(text)))
}

// written is an image with a ring of 8 KiB, into which texts were written at
// the given offsets, one after the other.
func written(at []units.Bytes, texts ...[]byte) (disk.Area, *bytes.Reader) {
	a := disk.Area{Start: 4096, Size: 8192}
	image := make([]byte, a.Start+a.Size)
	for i, text := range texts {
		for _, w := range a.Writes(text, disk.Location{Offset: at[i], Size: units.Bytes(len(text) + 1)}) {
			copy(image[w.Start:], w.Data)
		}
	}
	return a, bytes.NewReader(image)
}

func TestSearch(t *testing.T) {
	type where = []units.Bytes
	tests := []struct {
		name  string
		at    where
		texts [][]byte
		want  []string
	}{
		{"nothing", nil, nil, nil},
		{"two", where{512, 2048}, [][]byte{vgText("a", 1, 700), vgText("b", 2, 512)}, []string{"a 1 at 512, 701", "b 2 at 2048, 513"}},
		{"around the end", where{7680}, [][]byte{vgText("a", 7, 2000)}, []string{"a 7 at 7680, 2001"}},
		{"all of the ring", where{4096}, [][]byte{vgText("a", 7, 8192-512-1)}, []string{"a 7 at 4096, 7680"}},
		{"end overwritten", where{512, 1024}, [][]byte{vgText("a", 1, 700), vgText("a", 2, 800)}, []string{"a 2 at 1024, 801"}},
		{"start overwritten", where{1024, 512}, [][]byte{vgText("a", 1, 2000), vgText("a", 2, 800)}, []string{"a 2 at 512, 801"}},
		{"end overwritten around the end", where{7680, 512}, [][]byte{vgText("a", 1, 700), vgText("a", 2, 800)}, []string{"a 2 at 512, 801"}},
		{"end overwritten by what is no text", where{512, 1024}, [][]byte{vgText("a", 1, 1023), bytes.Repeat([]byte{'x'}, 3000)}, []string{"a 1 at 512, 3513"}},
		{"never closed", where{512, 512}, [][]byte{make([]byte, 512), bytes.Repeat(vgText("a", 1, 512), 15)}, nil},
		{"name", where{512}, [][]byte{vgText("a/b", 1, 700)}, nil},
		{"no name", where{512}, [][]byte{vgText("", 1, 700)}, nil},
		{"long name", where{512}, [][]byte{vgText(strings.Repeat("n", 128), 1, 700)}, nil},
		{"longest name", where{512}, [][]byte{vgText(strings.Repeat("n", 127), 1, 700)}, []string{strings.Repeat("n", 127) + " 1 at 512, 701"}},
		{"seqno", where{512}, [][]byte{[]byte("a {\nid = \"c1MR9V-HwYX-pyIE-ujkg-oTPB-eTMh-GR1oeV\"\nseqno = -1\n")}, nil},
		{"seqno that goes on", where{512}, [][]byte{[]byte("a {\nid = \"c1MR9V-HwYX-pyIE-ujkg-oTPB-eTMh-GR1oeV\"\nseqno = 1")}, nil},
		{"ID", where{512}, [][]byte{[]byte("a {\nid = \"c1MR9V\"\nseqno = 1\n")}, nil},
		{"an LV at a sector", where{512}, [][]byte{[]byte("lv1 {\nid = \"c1MR9V-HwYX-pyIE-ujkg-oTPB-eTMh-GR1oeV\"\nstatus = [\"READ\"]\n")}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, r := written(test.at, test.texts...)
			if test.name == "never closed" {
				// Every byte of the ring is a text, and none of them ends.
				image := make([]byte, a.Start+a.Size)
				copy(image[a.Start+512:], bytes.Repeat(vgText("a", 1, 512), 15))
				r = bytes.NewReader(image)
			}
			found, err := a.Search(r)
			require.NoError(t, err)
			var got []string
			for _, f := range found {
				got = append(got, fmt.Sprintf("%s %d at %d, %d", f.Name, f.Seqno, f.Offset, f.Size))
				text, err := a.ReadText(r, f.Location)
				require.NoError(t, err)
				require.Contains(t, text, f.ID)
			}
			require.Equal(t, test.want, got)
		})
	}
	found, err := disk.Area{Start: 4096, Size: 512}.Search(nil)
	require.NoError(t, err)
	require.Empty(t, found)
}

// A ring is not held in memory.
func TestSearchHoldsLittle(t *testing.T) {
	a := disk.Area{Start: 4096, Size: 64 * units.MiB}
	r := zeros{}
	allocated := testing.AllocsPerRun(1, func() {
		_, err := a.Search(r)
		require.NoError(t, err)
	})
	require.Less(t, allocated, 10.0)
}

// zeros is a device of zeros that is asked for no more than 1 MiB at a time.
type zeros struct{}

func (zeros) ReadAt(b []byte, _ int64) (int, error) {
	if len(b) > 1<<20 {
		return 0, errMedium
	}
	clear(b)
	return len(b), nil
}
