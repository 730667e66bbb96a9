package lvm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

const mib = units.MiB

func TestCommitSmoke(t *testing.T) {
	d := newDisks(8*mib, 8*mib, 8*mib)
	_, g := d.committed(t, "vg", 2)
	require.EqualValues(t, 1, g.VG.Seqno)
	s := d.scan()
	require.Empty(t, s.AllFaults())
	g, err := s.VG("vg")
	require.NoError(t, err)
	g, err = s.Commit(lvm.CommitRequest{VG: g, New: tagged(g.VG, "x")})
	require.NoError(t, err)
	require.Empty(t, s.AllFaults())
	next := g.VG.Clone()
	next.PVs = append(next.PVs, s.Orphans()[0].NewPV(next.ExtentSize))
	g, err = s.Commit(lvm.CommitRequest{VG: g, New: next})
	require.NoError(t, err)
	next = g.VG.Clone()
	next.PVs = next.PVs[1:]
	g, err = s.Commit(lvm.CommitRequest{VG: g, New: next})
	require.NoError(t, err)
	s = d.scan()
	require.Empty(t, s.AllFaults())
	require.Len(t, s.Orphans(), 1)
	g, err = s.VG("vg")
	require.NoError(t, err)
	_, err = s.Commit(lvm.CommitRequest{VG: g})
	require.NoError(t, err)
	require.Empty(t, d.scan().AllFaults())
	require.Empty(t, d.scan().VGs)
	require.Empty(t, s.VGs)
}
