package lvm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/lvm/disk"
	"github.com/rok-storage/rok/units"
)

func TestTextLeft(t *testing.T) {
	d := newDisks(8*mib, 8*mib)
	s := d.scan()
	for i, size := range []units.Bytes{0, 32 << 10} {
		_, err := s.CreatePV(d.devices()[i], lvm.CreatePV{Layout: disk.Layout{MetadataSize: size, Alignment: 4096}})
		require.NoError(t, err)
	}
	g, err := s.Commit(lvm.CommitRequest{New: newVG(s, "vg", 2, 2)})
	require.NoError(t, err)
	require.EqualValues(t, 15616, g.MaxText())
	left := g.TextLeft(g.VG)
	require.EqualValues(t, 15616-len(g.VG.AppendText(nil)), left)
	next := tagged(g.VG, "x")
	next.Tags = []string{strings.Repeat("x", int(left))}
	over := -g.TextLeft(next)
	require.Positive(t, over)
	_, err = s.Commit(lvm.CommitRequest{VG: g, New: next})
	var long *disk.TextTooLongError
	require.ErrorAs(t, err, &long)
	require.EqualValues(t, over, long.Size-long.Max)
	next.Tags = []string{strings.Repeat("x", int(left-over))}
	require.Zero(t, g.TextLeft(next))
	_, err = s.Commit(lvm.CommitRequest{VG: g, New: next})
	require.NoError(t, err)
	require.Zero(t, (&lvm.DiskVG{VG: g.VG}).MaxText())
}
