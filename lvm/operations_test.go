package lvm_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// group is a VG that operations change one after the other, in a test. What
// holds for all of them is required of each one.
type group struct {
	t  testing.TB
	vg *lvm.VG
	id int // of what was made last
}

// newGroup is a VG of PVs that have so many extents of 1 MiB. They are called a,
// b, c and so on.
func newGroup(t testing.TB, counts ...lvm.Extents) *group {
	t.Helper()
	const extent = 2048
	g := &group{t: t, id: 1000}
	req := lvm.CreateVG{Name: "vg", ID: testID(1), ExtentSize: extent}
	for i, n := range counts {
		req.PVs = append(req.PVs, lvm.NewPV{
			ID: pvID(i), Device: string(rune('a' + i)), Size: extent * units.Sectors(n+1), Start: extent,
		})
	}
	vg, err := lvm.NewVG(req, g.stamp())
	require.NoError(t, err)
	g.vg = vg
	g.sound(vg)
	return g
}

// parsed is the group of a text.
func parsed(t testing.TB, name string) *group {
	t.Helper()
	vg, err := lvm.Parse(read(t.(*testing.T), "testdata/vg/"+name+".disk"))
	require.NoError(t, err)
	return &group{t: t, vg: vg, id: 1000}
}

func pvID(i int) lvm.ID { return testID(10 + i) }

func (g *group) stamp() lvm.Stamp {
	return lvm.Stamp{Time: 1700000000, Host: "host", NewID: func() lvm.ID {
		g.id++
		return testID(g.id)
	}}
}

// try does op, and returns the VG as it would be.
func (g *group) try(op lvm.Op) (*lvm.VG, error) {
	g.t.Helper()
	before := string(g.vg.AppendText(nil))
	next, err := lvm.Apply(g.vg, g.stamp(), op)
	require.Equal(g.t, before, string(g.vg.AppendText(nil)), "%#v changed the VG that it was given", op)
	if err != nil {
		require.Nil(g.t, next)
		g.typed(op, err)
		return nil, err
	}
	g.sound(next)
	return next, nil
}

// sound requires that a VG is one, and is the same when it was printed and read.
func (g *group) sound(vg *lvm.VG) {
	g.t.Helper()
	require.NoError(g.t, vg.Validate())
	text := string(vg.AppendText(nil))
	again, err := lvm.Parse(strings.TrimSuffix(text, "\x00"))
	require.NoError(g.t, err)
	require.Equal(g.t, text, string(again.AppendText(nil)))
	require.Equal(g.t, string(vg.AppendBackup(nil, nil)), string(again.AppendBackup(nil, nil)))
}

// kinds are the errors that an operation may be refused for.
var kinds = []error{
	lvm.ErrExists, lvm.ErrNotFound, lvm.ErrInUse, lvm.ErrNotSupported, lvm.ErrReadOnly, lvm.ErrInvalid, lvm.ErrUnchanged,
	lvm.ErrLimit, lvm.ErrPending, lvm.ErrName, syscall.ENOSPC, lvm.ErrReference,
}

// typed requires of an error what its documentation says.
func (g *group) typed(op lvm.Op, err error) {
	g.t.Helper()
	var refused *lvm.OpError
	require.ErrorAs(g.t, err, &refused)
	require.NotEmpty(g.t, refused.Op, err)
	require.NotEmpty(g.t, refused.Object, err)
	require.True(g.t, strings.HasPrefix(err.Error(), refused.Op+" "+refused.Object+": "), err)
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return
		}
	}
	require.Fail(g.t, "an error of no kind", "%#v: %v", op, err)
}

// do does op, which must not be refused.
func (g *group) do(ops ...lvm.Op) {
	g.t.Helper()
	for _, op := range ops {
		next, err := g.try(op)
		require.NoError(g.t, err, "%#v", op)
		g.vg = next
	}
}

// refused does op, which must be refused for that, with that in its message.
func (g *group) refused(op lvm.Op, kind error, message string) {
	g.t.Helper()
	_, err := g.try(op)
	require.ErrorIs(g.t, err, kind, "%#v", op)
	require.ErrorContains(g.t, err, message)
}

// lv is what an LV is made of: "a:0-4 b:2-3" or, with two stripes,
// "a:0-4|b:0-4".
func (g *group) lv(name string) string {
	g.t.Helper()
	lv := g.vg.LV(name)
	if lv == nil {
		return "none"
	}
	var segments []string
	for i := range lv.Segments {
		segments = append(segments, g.segment(&lv.Segments[i]))
	}
	return strings.Join(segments, " ")
}

func (g *group) segment(s *lvm.Segment) string {
	switch t := s.Type.(type) {
	case *lvm.Striped:
		var areas []string
		for _, a := range t.Areas {
			name := a.LV
			if name == "" {
				name = g.vg.PV(a.PV).Device
			}
			areas = append(areas, fmt.Sprintf("%s:%d-%d", name, a.Start, a.Start+s.AreaLength()-1))
		}
		return strings.Join(areas, "|")
	case *lvm.ThinPool:
		text := fmt.Sprintf("pool %d %s %s id %d", s.Length, t.Data, t.Metadata, t.TransactionID)
		for _, m := range t.Messages {
			if m.Create != "" {
				text += " +" + m.Create
			} else {
				text += fmt.Sprint(" -", m.Delete)
			}
		}
		return text
	case *lvm.Thin:
		text := fmt.Sprintf("thin %d %s/%d id %d", s.Length, t.Pool, t.DeviceID, t.TransactionID)
		if t.Origin != "" {
			text += " of " + t.Origin
		}
		if t.ExternalOrigin != "" {
			text += " on " + t.ExternalOrigin
		}
		return text
	case *lvm.Snapshot:
		return fmt.Sprintf("snapshot %d of %s in %s, chunks of %d", s.Length, t.Origin, t.COW, t.ChunkSize)
	}
	return fmt.Sprintf("%s %d", s.Type.Name(), s.Length)
}

// names are those of all LVs, in order.
func (g *group) names() string {
	var names []string
	for _, lv := range g.vg.LVs {
		names = append(names, lv.Name)
	}
	return strings.Join(names, " ")
}

func extents(n lvm.Extents) lvm.Amount { return lvm.Amount{Extents: n} }

func share(percent uint32, of string) lvm.Amount {
	return lvm.Amount{Size: units.Size{Percent: percent, Of: of}}
}

func sized(n units.Bytes) lvm.Amount { return lvm.Amount{Size: units.Size{Bytes: n}} }

// on names PVs.
func on(pvs ...int) lvm.Place {
	var p lvm.Place
	for _, i := range pvs {
		p.PVs = append(p.PVs, lvm.PVChoice{PV: pvID(i)})
	}
	return p
}
