package disk_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// images are the PVs of testdata/images.sh.
var images = []string{"orphan", "default", "left", "two-areas", "ignored", "boot", "wrapped"}

// image is the start of a PV that lvm2 made.
func image(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".img.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	b, err := io.ReadAll(z)
	require.NoError(t, err)
	return b
}

// headers prints what pvck --dump headers prints.
func headers(t *testing.T, b []byte) string {
	t.Helper()
	var out strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	h, err := disk.ReadLabel(bytes.NewReader(b))
	require.NoError(t, err)
	label := h.Sector * units.SectorSize
	p("label_header at %d", label)
	p("label_header.id LABELONE")
	p("label_header.sector %d", h.Sector)
	p("label_header.crc %#x", disk.Checksum(b[label+20:label+512]))
	p("label_header.offset 32")
	p("label_header.type LVM2 001")
	p("pv_header at %d", label+32)
	p("pv_header.pv_uuid %s", h.ID)
	p("pv_header.device_size %d", h.Size)
	at, n := label+72, 0
	areas := func(prefix, what string, list []disk.Area) {
		for _, a := range append(list, disk.Area{}) {
			comment := what
			if a.Start == 0 {
				comment = "location list end"
			}
			p("%s.disk_locn[%d] at %d # %s", prefix, n, at, comment)
			p("%s.disk_locn[%d].offset %d", prefix, n, a.Start)
			p("%s.disk_locn[%d].size %d", prefix, n, a.Size)
			at, n = at+16, n+1
		}
	}
	areas("pv_header", "location of data area", []disk.Area{h.Data})
	areas("pv_header", "location of metadata area", h.Metadata)
	p("pv_header_extension at %d", at)
	p("pv_header_extension.version %d", h.Version)
	p("pv_header_extension.flags %d", h.Flags)
	at, n = at+8, 0
	var boot []disk.Area
	if h.Boot.Size != 0 {
		boot = append(boot, h.Boot)
	}
	areas("pv_header_extension", "bootloader area", boot)
	for i, a := range h.Metadata {
		areaHeader(t, b, i+1, a, p)
	}
	return out.String()
}

func areaHeader(t *testing.T, b []byte, n int, a disk.Area, p func(string, ...any)) {
	t.Helper()
	r := bytes.NewReader(b)
	m, err := disk.ReadAreaHeader(r, a.Start)
	require.NoError(t, err)
	require.Equal(t, a, m.Area)
	name := fmt.Sprintf("mda_header_%d", n)
	p("%s at %d # metadata area", name, a.Start)
	p("%s.checksum %#x", name, disk.Checksum(b[a.Start+4:a.Start+512]))
	p("%s.magic 0x204c564d3220785b35412572304e2a3e", name)
	p("%s.version 1", name)
	p("%s.start %d", name, m.Start)
	p("%s.size %d", name, m.Size)
	for i, l := range []disk.Location{m.Committed, m.Precommitted} {
		slot := fmt.Sprintf("%s.raw_locn[%d]", name, i)
		p("%s at %d # %s", slot, int(a.Start)+40+24*i, []string{"commit", "precommit"}[i])
		p("%s.offset %d", slot, l.Offset)
		p("%s.size %d", slot, l.Size)
		p("%s.checksum %#x", slot, l.Checksum)
		ignored := ""
		if l.Flags == disk.FlagIgnored {
			ignored = " # RAW_LOCN_IGNORED"
		}
		p("%s.flags %#x%s", slot, l.Flags, ignored)
	}
	if !m.Committed.Empty() {
		text, err := a.ReadText(r, m.Committed)
		require.NoError(t, err)
		vg, rest, _ := strings.Cut(text, " {\n")
		_, rest, _ = strings.Cut(rest, "\nseqno = ")
		seqno, _, _ := strings.Cut(rest, "\n")
		p("metadata text at %d crc %#x # vgname %s seqno %s", a.Start+m.Committed.Offset, m.Committed.Checksum, vg, seqno)
	}
}

// All that pvck finds in the headers is read.
func TestHeadersArePvcks(t *testing.T) {
	for _, name := range images {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile("testdata/" + name + ".headers")
			require.NoError(t, err)
			b := image(t, name)
			require.Equal(t, string(want), headers(t, b))
			h, err := disk.ReadLabel(bytes.NewReader(b))
			require.NoError(t, err)
			require.Empty(t, h.Check(h.Size))
			require.True(t, h.Writable())
		})
	}
}

// What was decoded is encoded as lvm2 wrote it, byte for byte.
func TestEncodedAsLVM2Does(t *testing.T) {
	for _, name := range images {
		t.Run(name, func(t *testing.T) {
			b := image(t, name)
			h, err := disk.FindLabel(b)
			require.NoError(t, err)
			label := h.Sector * units.SectorSize
			require.Equal(t, b[label:label+units.SectorSize], disk.AppendLabel(nil, h))
			for _, a := range h.Metadata {
				m, err := disk.ReadAreaHeader(bytes.NewReader(b), a.Start)
				require.NoError(t, err)
				require.Equal(t, b[a.Start:a.Start+disk.HeaderSize], disk.AppendAreaHeader(nil, m))
			}
		})
	}
}

// Search finds the texts that pvck --dump metadata_search finds, with the same
// lengths and checksums.
func TestSearchIsPvcks(t *testing.T) {
	for _, name := range images {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile("testdata/" + name + ".search")
			require.NoError(t, err)
			b := image(t, name)
			h, err := disk.FindLabel(b)
			require.NoError(t, err)
			var out strings.Builder
			for _, a := range h.Metadata {
				fmt.Fprintf(&out, "Searching for metadata at offset %d size %d\n", a.Start, a.Size)
				found, err := a.Search(bytes.NewReader(b))
				require.NoError(t, err)
				for _, f := range found {
					fmt.Fprintf(&out, "metadata at %d length %d crc %08x vg %s seqno %d id %s\n",
						a.Start+f.Offset, f.Size, f.Checksum, f.Name, f.Seqno, f.ID)
					_, err := a.ReadText(bytes.NewReader(b), f.Location)
					require.NoError(t, err)
				}
			}
			require.Equal(t, string(want), out.String())
		})
	}
}
