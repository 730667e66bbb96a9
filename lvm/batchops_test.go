package lvm_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

// Random operations of all kinds, on VGs of rok's own. Each one leaves the VG
// that it was given as it was, makes one that is sound or says in a typed error
// why not; and a batch of all of them comes to the same VG.
func TestOperationsAreSound(t *testing.T) {
	changed, refused := 0, 0
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			g := &generator{t: t, r: rand.New(rand.NewPCG(seed, 5)), thin: seed%2 == 0, name: "vg", lab: &lab{}}
			var counts []lvm.Extents
			for range 1 + g.r.IntN(4) {
				counts = append(counts, lvm.Extents(8+g.r.IntN(60)))
			}
			s := newGroup(t, counts...)
			for i := range len(counts) + 1 {
				g.pvs = append(g.pvs, lvm.NewPV{ID: pvID(i), Device: string(rune('a' + i)), Size: 2048 * 20, Start: 2048})
				g.lab.disks = append(g.lab.disks, g.pvs[i].Device)
			}
			batch, err := lvm.NewBatch(s.vg, lvm.Stamp{Time: 1700000000, Host: "host", NewID: (&group{id: s.id}).stamp().NewID})
			require.NoError(t, err)
			for range 120 {
				g.vg, g.name = s.vg, s.vg.Name
				op := g.next().op
				if g.thin && g.r.IntN(3) > 0 {
					op = g.nextThin().op
				}
				if _, found := op.(lvm.CreateExternalSnapshot); !found && g.r.IntN(10) == 0 {
					op = lvm.CompletePool{Pool: g.word()}
				}
				before := s.id
				next, err := s.try(op)
				_, again := batch.Do(op)
				require.Equal(t, err == nil, again == nil, "%#v: %v, and in a batch %v", op, err, again)
				if err != nil {
					require.Equal(t, err.Error(), again.Error())
					s.id = before
					g.refused++
					continue
				}
				s.vg = completed(t, next)
				completeAll(t, batch)
				g.changed++
			}
			changed, refused = changed+g.changed, refused+g.refused
			text := func(vg *lvm.VG) string { return string(neutral(vg).AppendText(nil)) }
			require.Equal(t, text(s.vg), text(batch.VG()))
		})
	}
	t.Logf("%d changed the VG, %d were refused", changed, refused)
	require.Greater(t, changed, 500)
	require.Greater(t, refused, 200)
}

// completeAll is completed for a batch.
func completeAll(t testing.TB, b *lvm.Batch) {
	for _, lv := range b.VG().LVs {
		if pool, ok := lv.Segments[0].Type.(*lvm.ThinPool); ok && len(pool.Messages) > 0 {
			_, err := b.Do(lvm.CompletePool{Pool: lv.Name})
			require.NoError(t, err)
		}
	}
}

// No operation changes a VG that is not rok's to change.
func TestUnchangeable(t *testing.T) {
	files := map[string]struct {
		err     error
		message string
	}{
		"exported": {lvm.ErrReadOnly, "change VG vg: may not be changed: it is exported"},
	}
	for name, want := range files {
		vg, err := lvm.Parse(read(t, "testdata/vg/"+name+".disk"))
		require.NoError(t, err)
		_, err = lvm.NewBatch(vg, lvm.Stamp{})
		require.ErrorIs(t, err, want.err)
		require.ErrorContains(t, err, want.message)
	}
	base := newGroup(t, 10)
	base.do(lvm.CreateLV{Name: "v", Size: extents(1)})
	tests := []struct {
		name    string
		change  func(vg *lvm.VG)
		err     error
		message string
	}{
		{"clustered", func(vg *lvm.VG) { vg.Status = vg.Status.With(lvm.FlagClustered) }, lvm.ErrReadOnly, "it is clustered"},
		{"lvmlockd", func(vg *lvm.VG) { vg.LockType = "sanlock" }, lvm.ErrReadOnly, "lvmlockd locks it (sanlock)"},
		{"no write", func(vg *lvm.VG) { vg.Status = vg.Status.Without(lvm.FlagWrite) }, lvm.ErrReadOnly, "it is read-only"},
		{"unknown type", func(vg *lvm.VG) { vg.LVs[0].Segments[0].Type = &lvm.Held{Type: "later"} }, lvm.ErrNotSupported, "segment type later: of LV v"},
		{"no extent size", func(vg *lvm.VG) { vg.ExtentSize = 0 }, lvm.ErrRange, "extent size 0"},
		{"a name twice", func(vg *lvm.VG) { vg.LVs = append(vg.LVs, vg.LVs[0]) }, lvm.ErrDuplicate, "there are two"},
		{"extents of no PV", func(vg *lvm.VG) { vg.LVs[0].Segments[0].Length = 11 }, lvm.ErrReference, "extents that no PV has"},
		{"overlap", func(vg *lvm.VG) {
			lv := vg.LVs[0].Clone()
			lv.Name = "w"
			vg.LVs = append(vg.LVs, lv)
		}, lvm.ErrOverlap, "extent 0 of a PV is v's too"},
		{"no stripes", func(vg *lvm.VG) { vg.LVs[0].Segments[0].Type = &lvm.Striped{} }, lvm.ErrStructure, "1 extents on 0 stripes"},
	}
	for _, test := range tests {
		vg := base.vg.Clone()
		vg.LVs[0] = vg.LVs[0].Clone()
		test.change(vg)
		_, err := lvm.Apply(vg, lvm.Stamp{}, lvm.TagVG{Add: []string{"x"}})
		require.ErrorIs(t, err, test.err, test.name)
		require.ErrorContains(t, err, test.message)
		var refused *lvm.OpError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "change VG", refused.Op)
	}
}

// Without a PV, LVs are removed, tags and flags changed, and no more.
func TestMissingPV(t *testing.T) {
	g := stack(t)
	vg := g.vg.Clone()
	vg.PVs[0] = vg.PVs[0].Clone()
	vg.PVs[0].Flags = vg.PVs[0].Flags.With(lvm.FlagMissing)
	g.vg = vg
	yes := true
	for _, op := range []lvm.Op{
		lvm.CreateLV{Size: extents(1)}, lvm.CreateThinPool{Size: extents(1)}, lvm.CreateThin{Pool: "p", Size: extents(1)},
		lvm.CreateThinSnapshot{Origin: "t"}, lvm.CreateExternalSnapshot{Origin: "ext", Pool: "p"},
		lvm.CreateCOWSnapshot{Origin: "ext", Size: extents(1)}, lvm.ExtendLV{Name: "c1", By: extents(1)}, lvm.ReduceLV{Name: "c1", By: extents(1)},
		lvm.RenameLV{Name: "o", To: "x1"}, lvm.RenameVG{To: "x1"}, lvm.ChangeVG{Resizeable: &yes}, lvm.ChangePV{PV: pvID(0)},
		lvm.ResizePV{PV: pvID(0), Size: 9999}, lvm.AddPVs{}, lvm.RemovePV{PV: pvID(0)},
	} {
		g.refused(op, lvm.ErrReadOnly, "PV "+pvID(0).String()+" is missing")
	}
	g.do(lvm.TagVG{Add: []string{"x"}}, lvm.TagLV{Name: "o", Add: []string{"x"}}, lvm.ChangeLV{Name: "o", ActivationSkip: &yes},
		lvm.RemoveLV{Name: "c1"})
}

// What rok does not act on, and what lvm2 is at work on, is refused by name.
func TestHeldIsRefused(t *testing.T) {
	tests := []struct{ file, lv, kind string }{
		{"raid", "r1", "raid1"}, {"raid", "r1_rimage_0", "raid1"}, {"raid", "r1_rmeta_1", "raid1"},
		{"mirror", "m1", "mirror"}, {"mirror", "m1_mlog", "mirror"}, {"cache", "", "cache"},
	}
	for _, test := range tests {
		g := parsed(t, test.file)
		if test.lv == "" {
			for _, lv := range g.vg.LVs {
				if held, ok := lv.Segments[0].Type.(*lvm.Held); ok && held.Type == test.kind {
					test.lv = lv.Name
				}
			}
		}
		for _, op := range []lvm.Op{
			lvm.RemoveLV{Name: test.lv}, lvm.RenameLV{Name: test.lv, To: "x1"}, lvm.ExtendLV{Name: test.lv, By: extents(1)},
			lvm.ReduceLV{Name: test.lv, By: extents(1)}, lvm.CreateCOWSnapshot{Origin: test.lv, Size: extents(1)},
		} {
			_, err := g.try(op)
			require.ErrorIs(t, err, lvm.ErrNotSupported, "%#v", op)
			var refused *lvm.OpError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, test.kind, refused.Type)
		}
	}
	g := parsed(t, "pvmove_running")
	for _, op := range []lvm.Op{lvm.RemoveLV{Name: "a"}, lvm.RenameLV{Name: "a", To: "x1"}, lvm.ExtendLV{Name: "a", By: extents(1)}, lvm.ChangeLV{Name: "a"}} {
		_, err := g.try(op)
		require.Error(t, err, "%#v", op)
		require.True(t, errors.Is(err, lvm.ErrInUse) || errors.Is(err, lvm.ErrNotSupported), err)
	}
	g = parsed(t, "thin_merge")
	for _, op := range []lvm.Op{
		lvm.RemoveLV{Name: "t0"}, lvm.RenameLV{Name: "t1", To: "x1"}, lvm.ExtendLV{Name: "t0", By: extents(1)}, lvm.CreateThinSnapshot{Origin: "t0"},
	} {
		g.refused(op, lvm.ErrInUse, "a snapshot is being merged")
	}
}

// Every operation on every text of lvm2's that may be changed leaves a VG that
// is sound.
func TestOperationsOnTexts(t *testing.T) {
	files, err := filepath.Glob("testdata/vg/*.disk")
	require.NoError(t, err)
	yes := true
	done := 0
	for _, file := range files {
		g := parsed(t, strings.TrimSuffix(filepath.Base(file), ".disk"))
		ops := []lvm.Op{
			lvm.CreateLV{Size: extents(1)}, lvm.CreateThinPool{Size: extents(1)}, lvm.TagVG{Add: []string{"x"}}, lvm.RenameVG{To: "renamed"},
			lvm.AddPVs{PVs: []lvm.NewPV{{ID: testID(3), Device: "n", Size: 1 << 20, Start: 2048}}},
		}
		for _, pv := range g.vg.PVs {
			ops = append(ops, lvm.RemovePV{PV: pv.ID}, lvm.TagPV{PV: pv.ID, Add: []string{"x"}}, lvm.ResizePV{PV: pv.ID, Size: 1 << 22})
		}
		for _, lv := range g.vg.LVs {
			n := lv.Name
			ops = append(ops, lvm.RemoveLV{Name: n, WithDependents: true}, lvm.ExtendLV{Name: n, By: extents(1)}, lvm.ReduceLV{Name: n, By: extents(1)},
				lvm.TagLV{Name: n, Add: []string{"x"}}, lvm.ChangeLV{Name: n, ActivationSkip: &yes}, lvm.CreateThin{Pool: n, Size: extents(1)},
				lvm.CreateThinSnapshot{Origin: n}, lvm.CreateCOWSnapshot{Origin: n, Size: extents(1)}, lvm.CompletePool{Pool: n})
		}
		for _, op := range ops {
			if _, err := g.try(op); err == nil {
				done++
			}
		}
	}
	require.Greater(t, done, 500)
}

// A thousand LVs in one batch: what each of them allocates does not grow with
// how many there are.
func TestBatchIsLinear(t *testing.T) {
	create := func(n int) float64 {
		vg, err := lvm.NewVG(lvm.CreateVG{Name: "vg", ID: testID(1), PVs: []lvm.NewPV{
			{ID: pvID(0), Device: "a", Size: 8192 * 5000, Start: 2048}, {ID: pvID(1), Device: "b", Size: 8192 * 5000, Start: 2048},
		}}, lvm.Stamp{})
		require.NoError(t, err)
		size := lvm.Amount{Size: units.Size{Bytes: 4 * units.MiB}}
		return testing.AllocsPerRun(3, func() {
			b, err := lvm.NewBatch(vg, lvm.Stamp{NewID: func() lvm.ID { return testID(2) }})
			require.NoError(t, err)
			for i := range n {
				_, err := b.Do(lvm.CreateLV{Name: fmt.Sprint("v", i), Size: size})
				require.NoError(t, err)
			}
			require.Len(t, b.VG().LVs, n)
		}) / float64(n)
	}
	few, many := create(100), create(2000)
	t.Logf("%.1f allocations for each of 100 LVs, %.1f of 2,000", few, many)
	require.Less(t, many, few*1.1)
	require.Less(t, many, 30.0)
}
