package lvm_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
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

// FuzzTextBytes reads any bytes as a text. Its seeds are those below testdata, and
// what TestTextsAreRefused reads.
func FuzzTextBytes(f *testing.F) {
	for _, name := range []string{"empty", "thin_message_create", "pvmove_running", "snapshot"} {
		b, err := os.ReadFile("testdata/vg/" + name + ".disk")
		require.NoError(f, err)
		f.Add(string(b))
	}
	for _, refused := range refusedTexts() {
		f.Add(refused.text(f))
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
