package lvm_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/text"
)

// The summary says what the whole text says.
func TestParseSummary(t *testing.T) {
	names, err := filepath.Glob("testdata/vg/*")
	require.NoError(t, err)
	for _, name := range names {
		form := lvm.OnDisk
		if filepath.Ext(name) == ".backup" {
			form = lvm.Backup
		}
		vg, err := lvm.Decode(read(t, name), form)
		require.NoError(t, err)
		s, err := lvm.ParseSummary(read(t, name), form)
		require.NoError(t, err)
		require.Equal(t, lvm.Summary{
			Name: vg.Name, ID: vg.ID, Seqno: vg.Seqno, Status: vg.Status, Flags: vg.Flags,
			SystemID: vg.SystemID, LockType: vg.LockType, ExtentSize: vg.ExtentSize,
		}, s)
	}
}

func TestParseSummaryRefuses(t *testing.T) {
	src := read(t, "testdata/vg/plain.disk")
	for _, test := range []struct{ name, src, message string }{
		{"nothing", "", "it does not begin with the name of a VG"},
		{"a comment in front", "# x\n" + src, "it does not begin with the name of a VG"},
		{"no seqno", strings.Replace(src, "seqno", "seqnx", 1), "VG vg: no seqno"},
		{"a bad name", "v@" + src, "the name"},
		{"cut short", src[:40], "expected"},
	} {
		_, err := lvm.ParseSummary(test.src, lvm.OnDisk)
		var e *text.Error
		require.ErrorAs(t, err, &e, test.name)
		require.ErrorContains(t, err, test.message, test.name)
	}
	// What is behind the PVs does not count.
	at := strings.Index(src, "physical_volumes {") + len("physical_volumes {")
	_, err := lvm.ParseSummary(src[:at], lvm.OnDisk)
	require.NoError(t, err)
}
