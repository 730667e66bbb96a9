package lvm_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

// memory is what f takes, as multiples of an input of n bytes: all that it allocates,
// and what it returns.
func memory(t *testing.T, n int, f func() any) (total, live float64) {
	t.Helper()
	var before, after runtime.MemStats
	for range 2 { // what finalizers and pools hold goes with the second
		runtime.GC()
	}
	runtime.ReadMemStats(&before)
	kept := f()
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	total = float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
	live = max(float64(after.HeapAlloc)-float64(before.HeapAlloc), 0) / float64(n)
	t.Logf("%.1f times the input, %.1f of them stay", total, live)
	return total, live
}

// The memory that a text takes is a small multiple of it, whatever it says.
func TestMemoryIsBounded(t *testing.T) {
	head, tail := "vg {\nid = \"000000-0000-0000-0000-0000-0000-000000\"\nseqno = 1\nstatus = []\nextent_size = 1\nmax_lv = 0\nmax_pv = 0\nphysical_volumes {\n", "}\ncontents = \"Text Format Volume Group\"\nversion = 1\n"
	lv := "x{id=\"000000-0000-0000-0000-0000-0000-000000\" status=[] segment_count=1 segment1{start_extent=0 extent_count=1 type=\"zero\"}}\n"
	texts := map[string]func(n int) string{
		"unknown entries": func(n int) string { return head + "}\n" + repeat("a=1\n", n) + tail },
		"LVs":             func(n int) string { return head + "}\nlogical_volumes {\n" + repeat(lv, n) + "}\n" + tail },
		"stripes": func(n int) string {
			return head + "}\nlogical_volumes {\nx{id=\"000000-0000-0000-0000-0000-0000-000000\" status=[] segment_count=1 segment1{start_extent=0 extent_count=1 type=\"striped\" stripe_count=1 stripes=[" + repeat("\"a\",0,", n) + "]}}}\n" + tail
		},
		"tags":     func(n int) string { return head + "}\ntags = [" + repeat("\"a\",", n) + "]\n" + tail },
		"sections": func(n int) string { return head + "}\n" + repeat("a{}\n", n) + tail },
		"PVs":      func(n int) string { return head + repeat("x{}\n", n) + "}\n" + tail },
	}
	for name, make := range texts {
		t.Run(name, func(t *testing.T) {
			src := make(4 << 20)
			total, live := memory(t, len(src), func() any {
				vg, _ := lvm.Decode(src, lvm.OnDisk)
				return vg
			})
			require.Less(t, total, 60.0)
			require.Less(t, live, 16.0)
		})
	}
}

// repeat returns about n bytes of s.
func repeat(s string, n int) string {
	b := make([]byte, 0, n+len(s))
	for len(b) < n {
		b = append(b, s...)
	}
	return string(b)
}

// So is the memory that a scan takes, and a search for old texts: of what is on the
// devices, not of what their headers say. Sectors of zeros are none.
func TestMemoryOfScansIsBounded(t *testing.T) {
	const area = 256 * units.MiB
	vast := func(size units.Bytes) disks { // a text of zeros that fills the area
		d := newDisks(units.TiB)
		s := d.pvs(t, &lvm.CreatePV{Layout: disk.Layout{MetadataSize: area}})
		a := s.PVs[0].Areas[0]
		putHeader(t, s.PVs[0], 0, func(h *disk.AreaHeader) {
			h.Committed = disk.Location{Offset: 512, Size: min(size, a.Size-512)}
			h.Committed.Checksum = disk.Checksum(make([]byte, h.Committed.Size))
		})
		return d
	}
	begin := []byte("vg {\nid = \"c1MR9V-HwYX-pyIE-ujkg-oTPB-eTMh-GR1oeV\"\nseqno = 1\n")
	starts := func() disks { // each sector begins a text
		d := newDisks(16 * mib)
		d.pvs(t, &lvm.CreatePV{Layout: disk.Layout{MetadataSize: 8 * mib}})
		for at := int64(9); at < 16000; at++ {
			d[0].put(at, sector(append(bytes.Clone(begin), make([]byte, 512-len(begin))...)))
		}
		return d
	}
	for name, d := range map[string]disks{"a text of zeros": vast(area), "a text of all bytes": vast(1 << 63), "texts everywhere": starts()} {
		t.Run(name, func(t *testing.T) {
			input := 0
			for _, s := range d {
				input += len(s.sectors) * 512
			}
			// A few buffers do not depend on what is there.
			const buffers = 4 << 20
			total, live := memory(t, input+buffers, func() any {
				s := d.scan()
				texts, _ := s.OldTexts("")
				return append([]any{s}, len(texts))
			})
			require.Less(t, total, 8.0)
			require.Less(t, live, 2.0)
		})
	}
}
