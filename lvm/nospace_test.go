package lvm_test

import (
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/lvm"
	"github.com/rok-storage/rok/units"
)

const errNoSpace = syscall.ENOSPC

// What does not fit: how much would, and why not more. PVs a and b have 10
// extents, of which a's 4 and 5 are used, c has 4 and is not allocatable.
func TestNoSpace(t *testing.T) {
	policy := func(p lvm.Allocation) lvm.Options { return lvm.Options{Allocation: p} }
	tests := []struct {
		name string
		op   lvm.Op
		want string // behind "no space: "
	}{
		{"normal", lvm.CreateLV{Name: "v", Size: extents(19)},
			"wanted 19MiB (19 extents), free 22MiB, 18MiB (18 extents) fits: 4MiB is on PVs that are not allocatable"},
		{"contiguous", lvm.CreateLV{Name: "v", Size: extents(11), Options: policy(lvm.AllocContiguous)},
			"wanted 11MiB (11 extents), free 22MiB, 10MiB (10 extents) fits: 4MiB is on PVs that are not allocatable, contiguous was asked for, and the longest run is 10MiB"},
		{"contiguous on a PV", lvm.CreateLV{Name: "v", Size: extents(5), Place: on(0), Options: policy(lvm.AllocContiguous)},
			"wanted 5MiB (5 extents), free 22MiB, 4MiB (4 extents) fits: 4MiB is on PVs that are not allocatable, 10MiB is not on the PVs that were named, contiguous was asked for, and the longest run is 4MiB"},
		{"contiguous stripes", lvm.CreateLV{Name: "v", Size: extents(10), Stripes: 2, Options: policy(lvm.AllocContiguous)},
			"wanted 10MiB (10 extents), free 22MiB, 8MiB (8 extents) fits: 4MiB is on PVs that are not allocatable, contiguous was asked for, and 2 stripes want as many runs of one length, on as many PVs"},
		{"cling", lvm.CreateLV{Name: "v", Size: extents(12), Options: policy(lvm.AllocCling)},
			"wanted 12MiB (12 extents), free 22MiB, 10MiB (10 extents) fits: 4MiB is on PVs that are not allocatable, cling keeps to the PVs that the volume is on"},
		{"anywhere", lvm.CreateLV{Name: "v", Size: extents(19), Options: policy(lvm.AllocAnywhere)},
			"wanted 19MiB (19 extents), free 22MiB, 18MiB (18 extents) fits: 4MiB is on PVs that are not allocatable"},
		{"on a PV", lvm.CreateLV{Name: "v", Size: extents(11), Place: on(1)},
			"wanted 11MiB (11 extents), free 22MiB, 10MiB (10 extents) fits: 4MiB is on PVs that are not allocatable, 8MiB is not on the PVs that were named"},
		{"on a PV by tag", lvm.CreateLV{Name: "v", Size: extents(11), Place: lvm.Place{PVs: []lvm.PVChoice{{Tag: "fast"}}}},
			"wanted 11MiB (11 extents), free 22MiB, 10MiB (10 extents) fits: 4MiB is on PVs that are not allocatable, 8MiB is not on the PVs that were named"},
		{"on PVs of no such tag", lvm.CreateLV{Name: "v", Size: extents(1), Place: lvm.Place{PVs: []lvm.PVChoice{{Tag: "slow"}}}},
			"wanted 1MiB (1 extent), free 22MiB, nothing fits: 4MiB is on PVs that are not allocatable, 18MiB is not on the PVs that were named"},
		{"in a range", lvm.CreateLV{Name: "v", Size: extents(3), Place: ranges(0, "3-6")},
			"wanted 3MiB (3 extents), free 22MiB, 2MiB (2 extents) fits: 4MiB is on PVs that are not allocatable, 16MiB is not on the PVs that were named"},
		{"two stripes", lvm.CreateLV{Name: "v", Size: extents(18), Stripes: 2},
			"wanted 18MiB (18 extents), free 22MiB, 16MiB (16 extents) fits: 4MiB is on PVs that are not allocatable, 2 stripes want as much space on each of as many PVs"},
		{"three stripes", lvm.CreateLV{Name: "v", Size: extents(3), Stripes: 3},
			"wanted 3MiB (3 extents), free 22MiB, nothing fits: 4MiB is on PVs that are not allocatable, 3 stripes want as many PVs, and 2 have space"},
		{"extend", lvm.ExtendLV{Name: "u", By: extents(19)},
			"wanted 19MiB (19 extents) more, free 22MiB, 18MiB (18 extents) fits: 4MiB is on PVs that are not allocatable"},
		{"extend to", lvm.ExtendLV{Name: "u", To: extents(21)},
			"wanted 19MiB (19 extents) more, free 22MiB, 18MiB (18 extents) fits: 4MiB is on PVs that are not allocatable"},
		{"extend contiguously", lvm.ExtendLV{Name: "u", By: extents(5), Allocation: lvm.AllocContiguous},
			"wanted 5MiB (5 extents) more, free 22MiB, 4MiB (4 extents) fits: 4MiB is on PVs that are not allocatable, contiguous was asked for, and behind the volume is no more"},
		{"extend with cling", lvm.ExtendLV{Name: "u", By: extents(9), Allocation: lvm.AllocCling},
			"wanted 9MiB (9 extents) more, free 22MiB, 8MiB (8 extents) fits: 4MiB is on PVs that are not allocatable, cling keeps to the PVs that the volume is on"},
		{"pool", lvm.CreateThinPool{Name: "p", Size: extents(15)},
			"wanted 15MiB (15 extents) and 2MiB of metadata and 2MiB of spare for metadata, free 22MiB, 14MiB (14 extents) fits: 4MiB is on PVs that are not allocatable"},
		{"pool without a spare", lvm.CreateThinPool{Name: "p", Size: extents(17), NoSpare: true},
			"wanted 17MiB (17 extents) and 2MiB of metadata, free 22MiB, 16MiB (16 extents) fits: 4MiB is on PVs that are not allocatable"},
		{"pool with much metadata", lvm.CreateThinPool{Name: "p", Size: extents(1), MetadataSize: extents(9)},
			"wanted 1MiB (1 extent) and 9MiB of metadata and 9MiB of spare for metadata, free 22MiB, nothing fits: 4MiB is on PVs that are not allocatable"},
		{"striped pool", lvm.CreateThinPool{Name: "p", Size: extents(14), Stripes: 2},
			"wanted 14MiB (14 extents) and 2MiB of metadata and 2MiB of spare for metadata, free 22MiB, 8MiB (8 extents) fits: 4MiB is on PVs that are not allocatable, 2 stripes want as much space on each of as many PVs, metadata is in one run"},
		{"snapshot", lvm.CreateCOWSnapshot{Origin: "u", Name: "s", Size: extents(3), Place: ranges(0, "3-6")},
			"wanted 3MiB (3 extents), free 22MiB, 2MiB (2 extents) fits: 4MiB is on PVs that are not allocatable, 16MiB is not on the PVs that were named"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := newGroup(t, 10, 10, 4)
			g.do(lvm.CreateLV{Name: "u", Size: extents(2), Place: ranges(0, "4-5")},
				lvm.TagPV{PV: pvID(1), Add: []string{"fast"}}, lvm.ChangePV{PV: pvID(2)})
			_, err := g.try(test.op)
			require.ErrorIs(t, err, errNoSpace)
			var e *lvm.NoSpaceError
			require.ErrorAs(t, err, &e)
			require.Equal(t, "no space: "+test.want, e.Error())
			requireFits(t, g, test.op, e)
		})
	}
}

// requireFits requires that what fits fits, and that no more does.
func requireFits(t testing.TB, g *group, op lvm.Op, e *lvm.NoSpaceError) {
	t.Helper()
	if e.Fits > 0 {
		next, err := g.try(withExtents(op, e.Fits))
		require.NoError(t, err, "%v does not fit", e)
		require.Equal(t, grown(g.vg, op)+e.Fits, grown(next, op))
	}
	_, err := g.try(withExtents(op, e.Fits+1))
	require.ErrorIs(t, err, errNoSpace, "more fits than %v", e)
}

// withExtents is op asking for so many extents.
func withExtents(op lvm.Op, n lvm.Extents) lvm.Op {
	switch op := op.(type) {
	case lvm.CreateLV:
		op.Size = extents(n)
		return op
	case lvm.CreateThinPool:
		op.Size = extents(n)
		return op
	case lvm.CreateCOWSnapshot:
		op.Size = extents(n)
		return op
	case lvm.ExtendLV:
		op.By, op.To = extents(n), lvm.Amount{}
		return op
	}
	panic("an operation without a size")
}

// grown is the size of what op makes or extends.
func grown(vg *lvm.VG, op lvm.Op) lvm.Extents {
	name := ""
	switch op := op.(type) {
	case lvm.CreateLV:
		name = op.Name
	case lvm.CreateThinPool:
		name = op.Name
	case lvm.CreateCOWSnapshot:
		name = op.Name
	case lvm.ExtendLV:
		name = op.Name
	}
	if lv := vg.LV(name); lv != nil {
		return lv.Size()
	}
	return 0
}

// What an error says that fits does, and one extent more does not: on random
// VGs, with all policies, stripes, PVs, ranges and tags.
func TestFitsExactly(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	refused, some := map[string]int{}, 0
	for range 500 {
		g := randomGroup(t, r)
		op, kind := randomDemand(g.vg, r)
		_, err := g.try(op)
		var e *lvm.NoSpaceError
		if !errors.As(err, &e) {
			continue
		}
		refused[kind]++
		if e.Fits > 0 {
			some++
		}
		requireFits(t, g, op, e)
	}
	t.Logf("%v, %d of them with some that fits", refused, some)
	for _, kind := range []string{"create", "extend", "pool", "metadata", "snapshot"} {
		require.Greater(t, refused[kind], 5, kind)
	}
	require.Greater(t, some, 60)
}

// randomGroup has one to four PVs, and holes.
func randomGroup(t testing.TB, r *rand.Rand) *group {
	var counts []lvm.Extents
	for range 1 + r.IntN(4) {
		counts = append(counts, lvm.Extents(4+r.IntN(24)))
	}
	g := newGroup(t, counts...)
	for i := range counts {
		if r.IntN(2) == 0 {
			g.do(lvm.TagPV{PV: pvID(i), Add: []string{[]string{"x", "y"}[r.IntN(2)]}})
		}
		if r.IntN(8) == 0 {
			g.do(lvm.ChangePV{PV: pvID(i)})
		}
	}
	may := func(op lvm.Op) {
		if next, err := g.try(op); err == nil {
			g.vg = next
		}
	}
	may(lvm.CreateThinPool{Name: "pool", Size: extents(1 + lvm.Extents(r.IntN(3)))})
	for i := range 3 + r.IntN(6) {
		may(lvm.CreateLV{Name: string(rune('a' + i)), Size: extents(1 + lvm.Extents(r.IntN(5))), Stripes: 1 + r.IntN(2)})
	}
	for i := range 6 {
		if r.IntN(2) == 0 {
			may(lvm.RemoveLV{Name: string(rune('a' + i))})
		}
	}
	return g
}

// randomDemand mostly does not fit.
func randomDemand(vg *lvm.VG, r *rand.Rand) (op lvm.Op, kind string) {
	size := extents(1 + lvm.Extents(r.IntN(60)))
	policy := []lvm.Allocation{lvm.AllocInherit, lvm.AllocContiguous, lvm.AllocCling, lvm.AllocAnywhere}[r.IntN(4)]
	stripes := []int{1, 1, 2, 3}[r.IntN(4)]
	var place lvm.Place
	if r.IntN(3) == 0 {
		place.ClingTags = []string{"@*"}
	}
	switch r.IntN(4) {
	case 0:
		place.PVs = on(r.Perm(len(vg.PVs))[:1+r.IntN(len(vg.PVs))]...).PVs
	case 1:
		i := r.IntN(len(vg.PVs))
		first := lvm.Extents(r.IntN(int(vg.PVs[i].Count)))
		place.PVs = []lvm.PVChoice{{PV: pvID(i), Ranges: []lvm.ExtentRange{{First: first, Last: lvm.AllExtents}}}}
	case 2:
		place.PVs = []lvm.PVChoice{{Tag: "x"}}
	}
	lv := "a"
	if len(vg.LVs) > 0 {
		lv = vg.LVs[r.IntN(len(vg.LVs))].Name
	}
	o := lvm.Options{Allocation: policy}
	switch r.IntN(6) {
	case 0, 1:
		return lvm.CreateLV{Name: "new", Size: size, Stripes: stripes, Place: place, Options: o}, "create"
	case 2:
		return lvm.ExtendLV{Name: lv, By: size, Stripes: []int{0, 1, 2}[r.IntN(3)], Allocation: policy, Place: place}, "extend"
	case 3:
		op := lvm.CreateThinPool{Name: "new", Size: size, Stripes: stripes, NoSpare: r.IntN(3) == 0, Place: place, Options: o}
		if r.IntN(3) == 0 {
			op.Size = share(uint32(1+r.IntN(100)), "FREE")
		}
		if r.IntN(3) == 0 {
			op.MetadataSize = sized(units.Bytes(1+r.IntN(12)) * units.MiB)
		}
		return op, "pool"
	case 4:
		return lvm.ExtendLV{Name: "pool_tmeta", By: size, Allocation: policy, Place: place}, "metadata"
	}
	return lvm.CreateCOWSnapshot{Origin: lv, Name: "new", Size: size, Stripes: stripes, Place: place, Options: o}, "snapshot"
}
