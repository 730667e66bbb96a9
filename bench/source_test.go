package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/bench/pattern"
)

// all drains the source of j over n blocks, up to a limit.
func all(t *testing.T, j Job, n, limit int) []engine.Request {
	t.Helper()
	require.NoError(t, j.Check())
	j = j.withDefaults()
	region := pattern.Region{Size: int64(n) * int64(j.BlockSize), BlockSize: int64(j.BlockSize), Stride: int64(j.Chunk)}
	s, err := newSource(j, region, 0)
	require.NoError(t, err)
	var got []engine.Request
	var r engine.Request
	for len(got) < limit && s.next(&r) {
		got = append(got, r)
	}
	return got
}

func countOf(requests []engine.Request, op engine.Op) (n int) {
	for _, r := range requests {
		if r.Op == op {
			n++
		}
	}
	return n
}

func TestSourceSyncs(t *testing.T) {
	tests := []struct {
		name   string
		job    Job
		sync   engine.Op
		at     []int // indexes of syncs
		length int
	}{
		{"none", Job{RW: SeqWrite}, engine.Sync, nil, 8},
		{"every 4", Job{RW: SeqWrite, Fsync: 4}, engine.Sync, []int{4, 9}, 10},
		{"every 3, fdatasync", Job{RW: RandWrite, Fdatasync: 3}, engine.DataSync, []int{3, 7}, 10},
		{"each", Job{RW: SeqWrite, Fsync: 1}, engine.Sync, []int{1, 3, 5, 7, 9, 11, 13, 15}, 16},
		{"at the end", Job{RW: SeqWrite, EndFsync: true}, engine.Sync, []int{8}, 9},
		{"at the end, once", Job{RW: SeqWrite, EndFsync: true, Fsync: 8}, engine.Sync, []int{8}, 9},
		{"both", Job{RW: SeqWrite, EndFsync: true, Fsync: 5}, engine.Sync, []int{5, 9}, 10},
		{"reads have none", Job{RW: SeqRead, EndFsync: true, Fsync: 1}, engine.Sync, nil, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var at []int
			got := all(t, tt.job, 8, 100)
			for i, r := range got {
				if r.Op == engine.Sync || r.Op == engine.DataSync {
					require.Equal(t, engine.Request{Op: tt.sync}, r)
					at = append(at, i)
				}
			}
			require.Equal(t, tt.at, at)
			require.Len(t, got, tt.length)
		})
	}
}

func TestSourceTouch(t *testing.T) {
	got := all(t, Job{RW: Touch, TimeBased: true, Runtime: 1}, 16*50, 1000)
	require.Len(t, got, 50, "each chunk once, time_based or not")
	seen := make(map[int64]bool)
	sorted := true
	for i, r := range got {
		require.Equal(t, engine.Write, r.Op)
		require.EqualValues(t, 4096, r.Length)
		require.Zero(t, r.Offset%(64<<10))
		require.False(t, seen[r.Offset])
		seen[r.Offset] = true
		sorted = sorted && (i == 0 || r.Offset > got[i-1].Offset)
	}
	require.False(t, sorted, "in random order")
}

func TestSourceMix(t *testing.T) {
	for _, rw := range []RW{SeqReadWrite, RandReadWrite} {
		got := all(t, Job{RW: rw, RWMixRead: 70, TimeBased: true, Runtime: 1}, 100, 20_000)
		require.InDelta(t, 0.70, float64(countOf(got, engine.Read))/20_000, 0.02, rw.String())
		require.Equal(t, 20_000, countOf(got, engine.Read)+countOf(got, engine.Write))
	}
	// Sequential directions go on where they were, each by itself.
	var next [2]int64
	for _, r := range all(t, Job{RW: SeqReadWrite}, 100, 80) {
		require.Equal(t, next[r.Op], r.Offset)
		next[r.Op] += 4096
	}
	// Random directions share one map.
	seen := make(map[int64]bool)
	for _, r := range all(t, Job{RW: RandReadWrite}, 100, 1000) {
		require.False(t, seen[r.Offset])
		seen[r.Offset] = true
	}
	require.Len(t, seen, 100)
}

func TestSourceDependsOnSeedAndWorker(t *testing.T) {
	j := Job{RW: RandRead}
	region := pattern.Region{Size: 4096 * 64, BlockSize: 4096}
	first := make(map[int64]int)
	for _, seed := range []uint64{0, 1, 2} {
		j.RandSeed = seed
		for i := range 3 {
			s, err := newSource(j.withDefaults(), region, i)
			require.NoError(t, err)
			var sum int64
			var r engine.Request
			for k := range 32 {
				require.True(t, s.next(&r))
				sum = sum*31 + r.Offset + int64(k)
			}
			first[sum]++
		}
	}
	require.Len(t, first, 9, "nine different orders")
	require.Equal(t, all(t, Job{RW: RandRead, RandSeed: 7}, 64, 100), all(t, Job{RW: RandRead, RandSeed: 7}, 64, 100))
}
