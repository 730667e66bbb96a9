package linear_test

import (
	"math"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/linear"
	"github.com/rok-storage/rok/units"
)

func disk(minor uint32) dm.BlockDev { return dm.BlockDev{Dev: dm.Dev{Major: 8, Minor: minor}} }

func TestVolumeTable(t *testing.T) {
	table, err := linear.Volume{
		{disk(0), linear.Run{Start: 2048, Length: 100}},
		{disk(0), linear.Run{Start: 2148, Length: 28}}, // continues the first
		{disk(16), linear.Run{Start: 0, Length: 8}},
		{disk(0), linear.Run{Start: 0, Length: 4}},
	}.Table()
	require.NoError(t, err)
	require.Equal(t, "0 128 linear 8:0 2048\n128 8 linear 8:16 0\n136 4 linear 8:0 0", table.String())

	v, err := linear.FromTable(table)
	require.NoError(t, err)
	require.Equal(t, units.Sectors(140), v.Size())
	again, err := v.Table()
	require.NoError(t, err)
	require.True(t, table.Equal(again))
}

func TestVolumeTableRefuses(t *testing.T) {
	run := linear.Run{Length: 8}
	tests := []struct {
		name string
		v    linear.Volume
		want string
	}{
		{"empty", nil, "no segment"},
		{"no device", linear.Volume{{Run: run}}, "segment 1: no device"},
		{"zero length", linear.Volume{{disk(0), run}, {disk(1), linear.Run{}}}, "segment 2: length is zero"},
		{"overlap", linear.Volume{{disk(0), run}, {disk(0), linear.Run{Start: 7, Length: 8}}}, "8:0: [0, 8) and [7, 15)"},
		{"overflow", linear.Volume{{disk(0), linear.Run{Start: math.MaxUint64, Length: 2}}}, "too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.v.Table()
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestFromTableRefuses(t *testing.T) {
	_, err := linear.FromTable(dm.Table{{Length: 8, Target: dm.Zero{}}})
	require.ErrorContains(t, err, "target zero, want linear")
	_, err = linear.FromTable(dm.Table{{Start: 8, Length: 8, Target: dm.Linear{}}})
	require.ErrorContains(t, err, "starts at sector 8, want 0")
}

func TestAllocate(t *testing.T) {
	free := linear.Set{{Start: 10, Length: 5}, {Start: 100, Length: 50}, {Start: 1000, Length: 20}}

	runs, rest, err := free.Allocate(20, linear.Policy{Contiguous: true})
	require.NoError(t, err)
	require.Equal(t, []linear.Run{{Start: 1000, Length: 20}}, runs) // the shortest that is long enough
	require.Equal(t, linear.Set{{Start: 10, Length: 5}, {Start: 100, Length: 50}}, rest)

	runs, rest, err = free.Allocate(60, linear.Policy{})
	require.NoError(t, err)
	require.Equal(t, []linear.Run{{Start: 100, Length: 50}, {Start: 1000, Length: 10}}, runs)
	require.Equal(t, linear.Set{{Start: 10, Length: 5}, {Start: 1010, Length: 10}}, rest)

	runs, _, err = free.Allocate(8, linear.Policy{Align: 128})
	require.NoError(t, err)
	require.Equal(t, []linear.Run{{Start: 128, Length: 8}}, runs)

	_, rest, err = free.Allocate(51, linear.Policy{Contiguous: true})
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.Equal(t, free, rest)
	var noSpace *linear.NoSpaceError
	require.ErrorAs(t, err, &noSpace)
	require.Equal(t, units.Sectors(75), noSpace.Free)
	require.Equal(t, units.Sectors(50), noSpace.Largest)
	require.EqualError(t, err, "no space: wanted 25.5KiB, free 37.5KiB, of which 25KiB in one run (contiguous was asked for)")

	_, _, err = free.Allocate(0, linear.Policy{})
	require.ErrorContains(t, err, "want no sectors")
	_, _, err = linear.Set(nil).Allocate(1, linear.Policy{})
	require.ErrorIs(t, err, syscall.ENOSPC)
}

// A random walk of allocations and releases, beside a bitmap that cannot be
// wrong.
func TestSetAgainstBitmap(t *testing.T) {
	const sectors = 300
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	free := linear.Set{{Length: sectors}}
	var used [sectors]bool
	var volumes [][]linear.Run
	for range 5000 {
		if len(volumes) > 0 && random.IntN(2) == 0 {
			i := random.IntN(len(volumes))
			for _, r := range volumes[i] {
				var err error
				free, err = free.Add(r)
				require.NoError(t, err)
				for s := r.Start; s < r.End(); s++ {
					used[s] = false
				}
			}
			volumes = append(volumes[:i], volumes[i+1:]...)
		} else {
			p := linear.Policy{Contiguous: random.IntN(2) == 0, Align: units.Sectors(random.IntN(9))}
			want := units.Sectors(1 + random.IntN(60))
			runs, rest, err := free.Allocate(want, p)
			if err != nil {
				require.ErrorIs(t, err, syscall.ENOSPC)
				continue
			}
			free = rest
			volumes = append(volumes, runs)
			require.Equal(t, want, linear.On(disk(0), runs).Size())
			for _, r := range runs {
				for s := r.Start; s < r.End(); s++ {
					require.False(t, used[s], "sector %d given out twice", s)
					used[s] = true
				}
				require.Zero(t, r.Start%max(p.Align, 1))
			}
		}
		checkSet(t, free, used[:])
	}
}

// checkSet holds a set to its invariants and to the bitmap of used sectors.
func checkSet(t *testing.T, free linear.Set, used []bool) {
	t.Helper()
	normal, err := linear.Normalize(free)
	require.NoError(t, err)
	require.Equal(t, len(normal), len(free), "runs touch")
	for s, isUsed := range used {
		require.Equal(t, !isUsed, free.Contains(linear.Run{Start: units.Sectors(s), Length: 1}), "sector %d", s)
	}
}

func TestSetErrors(t *testing.T) {
	s := linear.Set{{Start: 10, Length: 10}}
	_, err := s.Add(linear.Run{Start: 15, Length: 10})
	require.ErrorIs(t, err, linear.ErrOverlap)
	_, err = s.Add(linear.Run{Start: math.MaxUint64, Length: 2})
	require.ErrorIs(t, err, units.ErrOverflow)
	_, err = s.Remove(linear.Run{Start: 15, Length: 10})
	require.ErrorIs(t, err, linear.ErrMissing)
	_, err = linear.Normalize([]linear.Run{{Start: 5, Length: 5}, {Start: 0, Length: 6}})
	require.ErrorIs(t, err, linear.ErrOverlap)
}

// A run that ends beyond 2^64 sectors is in no set, wherever its end wraps to.
func TestSetRunBeyondTheEnd(t *testing.T) {
	s := linear.Set{{Length: 100}}
	endless := linear.Run{Start: 10, Length: math.MaxUint64 - 5}
	require.False(t, s.Contains(endless))
	_, err := s.Remove(endless)
	require.ErrorIs(t, err, linear.ErrMissing)
}

func TestFromTableKeepsAll(t *testing.T) {
	_, err := linear.FromTable(dm.Table{{Length: 8, Target: dm.Linear{Dev: dm.BlockDev{Path: "/dev/x"}, Extra: " more"}}})
	require.ErrorContains(t, err, "segment 1: more than")
}
