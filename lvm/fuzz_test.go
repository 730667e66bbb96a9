package lvm_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/text"
)

// FuzzText changes texts of lvm2's by their structure: the golden chosen by seed,
// the changes by ops. FuzzTextBytes takes any bytes.
func FuzzText(f *testing.F) {
	var goldens []string
	for _, pattern := range []string{"testdata/vg/*.disk", "testdata/vg/*.backup"} {
		names, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, name := range names {
			b, err := os.ReadFile(name)
			require.NoError(f, err)
			goldens = append(goldens, string(b))
		}
	}
	f.Add(uint16(0), []byte{})
	f.Fuzz(func(t *testing.T, seed uint16, ops []byte) {
		checkText(t, mutate(goldens[int(seed)%len(goldens)], ops[:min(len(ops), 60)]))
	})
}

// FuzzTextBytes reads any bytes as a text.
func FuzzTextBytes(f *testing.F) {
	for _, name := range []string{"empty", "thin_message_create", "pvmove_running", "snapshot"} {
		b, err := os.ReadFile("testdata/vg/" + name + ".disk")
		require.NoError(f, err)
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, src string) { checkText(t, src) })
}

// checkText: no panic, errors with a place, and what is read prints to what
// reads and prints as the same, in both forms.
func checkText(t *testing.T, src string) {
	for _, form := range []lvm.Form{lvm.OnDisk, lvm.Backup} {
		_, _ = lvm.ParseSummary(src, form)
		vg, err := lvm.Decode(src, form)
		if err != nil {
			requirePlace(t, src, err)
			continue
		}
		parse := lvm.Parse
		if form == lvm.Backup {
			parse = lvm.ParseBackup
		}
		fault := vg.Validate()
		_ = vg.AppendText(nil)
		_ = vg.AppendBackup(nil, nil)
		for _, lv := range vg.LVs {
			_ = vg.Visible(lv)
			for i := range lv.Segments {
				lv.Segments[i].References()
			}
		}
		vg, err = parse(src)
		require.Equal(t, fault == nil, err == nil)
		if err != nil {
			requirePlace(t, src, err)
			var f *lvm.Fault
			require.ErrorAs(t, err, &f)
			require.NotNil(t, f.Err)
			continue
		}
		disk := string(vg.AppendText(nil))
		again, err := lvm.Parse(disk)
		require.NoError(t, err, disk)
		require.Equal(t, disk, string(again.AppendText(nil)))
		backup := string(vg.AppendBackup(nil, time.UTC))
		again, err = lvm.ParseBackup(backup)
		require.NoError(t, err, backup)
		require.Equal(t, backup, string(again.AppendBackup(nil, time.UTC)))
	}
}

func requirePlace(t *testing.T, src string, err error) {
	var e *text.Error
	require.True(t, errors.As(err, &e))
	require.LessOrEqual(t, e.Offset, len(src))
}

// TestMutations is a slice of FuzzText that runs each time: the same one.
func TestMutations(t *testing.T) {
	names, err := filepath.Glob("testdata/vg/*.disk")
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 0))
	read := 0
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		for range 40 {
			ops := make([]byte, 3*(1+random.IntN(4)))
			for i := range ops {
				ops[i] = byte(random.Uint32())
			}
			src := mutate(string(b), ops)
			checkText(t, src)
			if _, err := lvm.Parse(src); err == nil {
				read++
			}
		}
	}
	require.Greater(t, read, 100, "most changes are refused: they do not reach far")
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
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			vg, err := lvm.Decode(src, lvm.OnDisk)
			runtime.GC()
			runtime.ReadMemStats(&after)
			t.Logf("%s: %.1f times the text: %v", name, float64(after.HeapAlloc-min(before.HeapAlloc, after.HeapAlloc))/float64(len(src)), err)
			require.Less(t, float64(after.TotalAlloc-before.TotalAlloc), 60*float64(len(src)))
			require.Less(t, float64(after.HeapAlloc), float64(before.HeapAlloc)+16*float64(len(src)))
			runtime.KeepAlive(vg)
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
