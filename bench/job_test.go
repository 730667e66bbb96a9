package bench_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/units"
)

func TestJobCheck(t *testing.T) {
	tests := []struct {
		name string
		job  bench.Job
		want string // empty: sound
	}{
		{"zero", bench.Job{}, ""},
		{"full", bench.Job{RW: bench.RandReadWrite, IODepth: 16, NumJobs: 4, Runtime: time.Second, TimeBased: true, RampTime: time.Second, Fsync: 4, BatchSubmit: 16, BatchCompleteMin: 2, BatchCompleteMax: 4}, ""},
		{"touch", bench.Job{RW: bench.Touch, Chunk: 512 * units.KiB}, ""},
		{"rw", bench.Job{RW: 99}, "unknown rw(99)"},
		{"bs", bench.Job{BlockSize: 1000}, "not whole sectors"},
		{"huge bs", bench.Job{BlockSize: units.GiB}, "above"},
		{"iodepth", bench.Job{IODepth: -1}, "iodepth -1"},
		{"deep", bench.Job{IODepth: 1 << 20}, "iodepth"},
		{"memory", bench.Job{IODepth: 4096, BlockSize: units.MiB}, "in flight"},
		{"numjobs", bench.Job{NumJobs: -2}, "numjobs -2"},
		{"mix", bench.Job{RW: bench.SeqReadWrite, RWMixRead: 100}, "rwmixread 100"},
		{"chunk", bench.Job{RW: bench.Touch, Chunk: 6 * units.KiB}, "chunk 6KiB"},
		{"offset", bench.Job{Offset: 100}, "offset"},
		{"time", bench.Job{Runtime: -1}, "negative time"},
		{"endless", bench.Job{TimeBased: true}, "needs a runtime"},
		{"ramp", bench.Job{RampTime: time.Second}, "needs a runtime"},
		{"fsync", bench.Job{Fsync: -1}, "negative"},
		{"two syncs", bench.Job{Fsync: 1, Fdatasync: 1}, "both"},
		{"batch", bench.Job{IODepth: 4, BatchSubmit: 5}, "iodepth_batch 5"},
		{"complete", bench.Job{IODepth: 4, BatchCompleteMin: 5}, "iodepth_batch_complete_min 5"},
		{"complete max", bench.Job{IODepth: 4, BatchCompleteMin: 3, BatchCompleteMax: 2}, "iodepth_batch_complete_max 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.job.Name = "job name"
			err := tt.job.Check()
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, bench.ErrJob)
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, `"job name"`)
		})
	}
}

func TestJobJSON(t *testing.T) {
	j := bench.Job{Name: "x", RW: bench.RandWrite, Engine: engine.URing, BlockSize: 8 * units.KiB, IODepth: 3, Direct: true, Runtime: time.Second}
	text, err := json.Marshal(j)
	require.NoError(t, err)
	require.Contains(t, string(text), `"rw":"randwrite","ioengine":"io_uring","bs":8192,"iodepth":3`)
	var back bench.Job
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, j, back)
}

func TestRW(t *testing.T) {
	for rw := bench.SeqRead; rw <= bench.Touch; rw++ {
		got, err := bench.ParseRW(rw.String())
		require.NoError(t, err)
		require.Equal(t, rw, got)
	}
	rw, err := bench.ParseRW("readwrite")
	require.NoError(t, err)
	require.Equal(t, bench.SeqReadWrite, rw)
	require.True(t, rw.Writes() && rw.Mixed() && !rw.Random())
	require.True(t, bench.Touch.Writes() && bench.Touch.Random() && !bench.Touch.Mixed())
	require.False(t, bench.RandRead.Writes())
	_, err = bench.ParseRW("trim")
	require.ErrorIs(t, err, bench.ErrJob)
}
