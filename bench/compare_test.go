package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/units"
)

// quick is a comparison of some 100 ms for each target.
func quick() bench.CompareConfig {
	return bench.CompareConfig{Duration: time.Millisecond, Slices: []time.Duration{7 * time.Millisecond, 9 * time.Millisecond}, Discard: time.Millisecond}
}

func TestCompare(t *testing.T) {
	for _, kind := range engines {
		t.Run(kind.String(), func(t *testing.T) {
			targets := []bench.Target{blocks(t, 256), blocks(t, 256), blocks(t, 256)}
			targets[2].Name = "third"
			var steps []bench.Progress
			cfg := quick()
			cfg.Progress = func(p bench.Progress) { steps = append(steps, p) }
			j := bench.Job{RW: bench.RandRead, Engine: kind, IODepth: 4, RampTime: 5 * time.Millisecond, Runtime: 1}
			c, err := bench.Compare(t.Context(), targets, j, cfg)
			require.NoError(t, err)
			require.Len(t, c.Results, 3)
			require.Len(t, c.Rates, 6, "at least six blocks")
			require.Len(t, steps, 6)
			require.Equal(t, 6, steps[5].Done)
			require.Zero(t, steps[5].Left)
			for i, r := range c.Results {
				require.Len(t, r.Series, 12, "two slices in a block")
				var sum bench.Sample
				for _, s := range r.Series {
					sum.IOs, sum.Elapsed = sum.IOs+s.IOs, sum.Elapsed+s.Elapsed
					require.GreaterOrEqual(t, s.Elapsed, 7*time.Millisecond)
				}
				require.Equal(t, r.IOs(), sum.IOs)
				require.Equal(t, r.Elapsed, sum.Elapsed)
				require.Equal(t, sum.IOs, r.Read.Latency.Count())
				require.InEpsilon(t, sum.Rate(), r.IOPS, 1e-9)
				require.True(t, r.IOPSCI.Contains(r.IOPS))
				require.Zero(t, r.Self.GCs)
				require.Less(t, r.Self.Mallocs, uint64(200))
				require.Positive(t, r.CPU.Total())
				one := c.Ratio(i, i)
				require.Equal(t, 1.0, one.Estimate)
			}
			require.Equal(t, "third", c.Results[2].Target.Name)
			ab, ba := c.Ratio(0, 1), c.Ratio(1, 0)
			require.InEpsilon(t, 1/ab.Estimate, ba.Estimate, 1e-9)
			require.InEpsilon(t, 1/ab.Low, ba.High, 1e-9)
			require.Equal(t, 0.96875, ab.Confidence)
			_, err = json.Marshal(c)
			require.NoError(t, err)
		})
	}
}

func TestCompareRefuses(t *testing.T) {
	two := []bench.Target{blocks(t, 8), blocks(t, 8)}
	tests := []struct {
		name    string
		targets []bench.Target
		job     bench.Job
		cfg     bench.CompareConfig
	}{
		{"one target", two[:1], bench.Job{}, quick()},
		{"touch", two, bench.Job{RW: bench.Touch}, quick()},
		{"end_fsync", two, bench.Job{RW: bench.SeqWrite, EndFsync: true}, quick()},
		{"job", two, bench.Job{IODepth: -1}, quick()},
		{"slice", two, bench.Job{}, bench.CompareConfig{Slices: []time.Duration{0}}},
		{"discard", two, bench.Job{}, bench.CompareConfig{Discard: -1}},
		{"size", two, bench.Job{Size: units.MiB}, quick()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := openFiles(t)
			c, err := bench.Compare(t.Context(), tt.targets, tt.job, tt.cfg)
			require.ErrorIs(t, err, bench.ErrJob)
			require.True(t, c == nil)
			require.Equal(t, before, openFiles(t), "descriptors leaked")
		})
	}
}

func TestCompareEndsEarly(t *testing.T) {
	targets := []bench.Target{blocks(t, 64), blocks(t, 64)}
	ctx, cancel := context.WithCancel(t.Context())
	cfg := quick()
	cfg.Duration = time.Hour
	cfg.Progress = func(p bench.Progress) {
		require.Positive(t, p.Left)
		if p.Done == 2 {
			cancel()
		}
	}
	c, err := bench.Compare(ctx, targets, bench.Job{Engine: engine.URing, IODepth: 2}, cfg)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, c.Rates, 2)
	require.Positive(t, c.Results[1].IOs())

	cfg.Progress = func(p bench.Progress) {
		require.NoError(t, os.Truncate(targets[1].Path, 0))
	}
	c, err = bench.Compare(t.Context(), targets, bench.Job{Engine: engine.LibAIO, IODepth: 2}, cfg)
	var failed *bench.IOError
	require.ErrorAs(t, err, &failed)
	require.ErrorIs(t, err, bench.ErrShort)
	require.Len(t, c.Rates, 1)
	require.Empty(t, c.Results[0].Errors)
	require.Len(t, c.Results[1].Errors, 1)
}

func TestCompareConfigPlan(t *testing.T) {
	// 4 s in blocks of 300 ms: 14, each with two discards of 20 ms.
	require.Equal(t, 2*14*340*time.Millisecond, bench.CompareConfig{}.Plan(2))
	require.Equal(t, 3*6*(2*time.Second+400*time.Millisecond), bench.CompareConfig{
		Duration: time.Second, Slices: []time.Duration{time.Second}, Discard: 200 * time.Millisecond}.Plan(3))
}

func TestComparisonRatio(t *testing.T) {
	c := bench.Comparison{Rates: [][]float64{{100, 50}, {110, 50}, {90, 50}, {105, 50}, {95, 50}, {100, 50}, {0, 50}}}
	r := c.Ratio(0, 1)
	require.InDelta(t, 2, r.Estimate, 0.01)
	require.Equal(t, 6, r.N)
	require.Less(t, r.Low, 2.0)
	require.Greater(t, r.High, 2.0)
}

func TestCompareOnce(t *testing.T) {
	var made, released []string
	arm := func(name string) bench.Arm {
		return bench.Arm{Name: name, Fresh: func(_ context.Context, replicate int) (bench.Target, func(*bench.Result) error, error) {
			target := blocks(t, 16*20)
			made = append(made, name+string(rune('0'+replicate)))
			return target, func(r *bench.Result) error {
				require.EqualValues(t, 20, r.Write.IOs)
				released = append(released, name+string(rune('0'+replicate)))
				return os.Remove(target.Path)
			}, nil
		}}
	}
	var last bench.Progress
	c, err := bench.CompareOnce(t.Context(), []bench.Arm{arm("a"), arm("b")}, bench.Job{RW: bench.Touch, Fsync: 4},
		bench.OnceConfig{Progress: func(p bench.Progress) { last = p }})
	require.NoError(t, err)
	require.Equal(t, made, released)
	require.ElementsMatch(t, []string{"a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4", "a5", "b5"}, made)
	require.Equal(t, 12, last.Done)
	require.Len(t, c.Rates, 6)
	for i, name := range []string{"a", "b"} {
		r := c.Results[i]
		require.Equal(t, name, r.Target.Name)
		require.EqualValues(t, 6*20, r.Write.IOs)
		require.EqualValues(t, 6*5, r.Sync.IOs)
		require.EqualValues(t, 6*20, r.Write.Latency.Count())
		require.Len(t, r.Series, 6)
		require.Equal(t, 6, r.IOPSCI.N)
		require.InEpsilon(t, 6*20/r.Elapsed.Seconds(), r.IOPS, 1e-9)
	}
	require.Equal(t, 6, c.Ratio(0, 1).N)
}

// A budget ends a comparison after six replicates at the earliest.
func TestCompareOnceBudget(t *testing.T) {
	fresh := func(context.Context, int) (bench.Target, func(*bench.Result) error, error) {
		return blocks(t, 16), nil, nil
	}
	for budget, want := range map[time.Duration]int{time.Nanosecond: 6, time.Hour: 8, 0: 8} {
		c, err := bench.CompareOnce(t.Context(), []bench.Arm{{Name: "a", Fresh: fresh}}, bench.Job{RW: bench.Touch},
			bench.OnceConfig{Replicates: 8, Budget: budget})
		require.NoError(t, err)
		require.Len(t, c.Rates, want, budget)
		require.Equal(t, want, c.Results[0].IOPSCI.N)
	}
}

func TestCompareOnceFails(t *testing.T) {
	boom := errors.New("boom")
	fresh := func(_ context.Context, replicate int) (bench.Target, func(*bench.Result) error, error) {
		if replicate == 2 {
			return bench.Target{}, nil, boom
		}
		return blocks(t, 16), nil, nil
	}
	c, err := bench.CompareOnce(t.Context(), []bench.Arm{{Name: "a", Fresh: fresh}}, bench.Job{RW: bench.Touch}, bench.OnceConfig{})
	require.ErrorIs(t, err, boom)
	require.ErrorContains(t, err, `"a", replicate 2`)
	require.Len(t, c.Rates, 2)

	released := 0
	bad := func(context.Context, int) (bench.Target, func(*bench.Result) error, error) {
		return bench.Target{Path: "/nonexistent"}, func(r *bench.Result) error {
			released++
			require.True(t, r == nil)
			return boom
		}, nil
	}
	c, err = bench.CompareOnce(t.Context(), []bench.Arm{{Name: "a", Fresh: bad}}, bench.Job{RW: bench.Touch}, bench.OnceConfig{})
	require.ErrorIs(t, err, boom)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.True(t, c == nil)
	require.Equal(t, 1, released)

	for _, cfg := range []bench.OnceConfig{{Replicates: -1}} {
		_, err = bench.CompareOnce(t.Context(), []bench.Arm{{Name: "a", Fresh: fresh}}, bench.Job{}, cfg)
		require.ErrorIs(t, err, bench.ErrJob)
	}
	_, err = bench.CompareOnce(t.Context(), nil, bench.Job{}, bench.OnceConfig{})
	require.ErrorIs(t, err, bench.ErrJob)
}
