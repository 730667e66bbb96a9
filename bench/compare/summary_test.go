package compare

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// thinCell is a cell of thin with a ratio and an interval of 0.1 around it.
func thinCell(b Backing, t Target, w Workload, depth, fsync int, ratio float64) Cell {
	return Cell{
		Backing: b, Target: t, Workload: w, QueueDepth: depth, FsyncEvery: fsync,
		ThickOverThis: ratio, ThickOverThisCI: [2]float64{ratio - 0.1, ratio + 0.1},
	}
}

// all makes the cells of a whole run on one backing; ratio is asked for each.
func all(b Backing, ratio func(t Target, depth, fsync int) float64) []Cell {
	var cells []Cell
	for _, depth := range []int{1, 16} {
		cells = append(cells,
			thinCell(b, Raw, RandRead, depth, 0, 0.9),
			thinCell(b, Thick, RandRead, depth, 0, 1),
			thinCell(b, Thin, RandRead, depth, 0, 1.5))
		for _, fsync := range []int{0, 4} {
			for _, t := range []Target{Thin, ThinFirstWrite, ThinFirstZeroed, ThinAfterSnap} {
				cells = append(cells, thinCell(b, t, RandWrite, depth, fsync, ratio(t, depth, fsync)))
			}
		}
	}
	return cells
}

func TestSummarize(t *testing.T) {
	const lead = "the claim that thick gives more than double the IOPS of thin "
	low := func(Target, int, int) float64 { return 1.25 }
	tests := []struct {
		name     string
		results  []Cell
		backings []BackingReport
		want     string
	}{
		{
			name: "nothing measured",
			want: "No thin volume was measured beside a thick one, so nothing can be said about more than double the IOPS.",
		},
		{
			name:    "raw and thick only",
			results: []Cell{thinCell(Memory, Raw, RandRead, 1, 0, 3), thinCell(Memory, Thick, RandRead, 1, 0, 1)},
			want:    "No thin volume was measured beside a thick one, so nothing can be said about more than double the IOPS.",
		},
		{
			name:    "one cell, fails",
			results: []Cell{thinCell(Memory, Thin, RandRead, 16, 0, 1.2)},
			want:    "On memory at queue depth 16, " + lead + "does not hold for reads (1.20 times).",
		},
		{
			name:    "one cell, holds",
			results: []Cell{thinCell(Memory, ThinAfterSnap, RandWrite, 16, 4, 12.3)},
			want:    "On memory at queue depth 16, " + lead + "holds for writes after a snapshot with an fsync every 4 (12.3 times).",
		},
		{
			name:    "one cell, undecided",
			results: []Cell{thinCell(Memory, ThinFirstZeroed, RandWrite, 1, 0, 2.05)},
			want:    "On memory at queue depth 1, " + lead + "is not decided for zeroed first writes (2.05 times).",
		},
		{
			name:    "none holds",
			results: all(Memory, low),
			want:    "On memory, " + lead + "holds nowhere (1.25–1.50 times).",
		},
		{
			name: "all hold",
			results: []Cell{
				thinCell(Device, Thin, RandRead, 1, 0, 2.5), thinCell(Device, Thin, RandRead, 16, 0, 2.75),
				thinCell(Device, Thin, RandWrite, 1, 0, 3), thinCell(Device, Thin, RandWrite, 16, 0, 140),
			},
			backings: []BackingReport{{Backing: Device, Description: "/dev/sd\x1bb"}},
			want:     `On /dev/sd\x1bb, ` + lead + "holds everywhere (2.50–140 times).",
		},
		{
			name: "two backings, each way",
			results: append(all(Memory, low), all(Latency, func(t Target, depth, fsync int) float64 {
				switch {
				case t == ThinAfterSnap && depth == 1:
					return 3.25
				case t == ThinAfterSnap:
					return 3.5
				case t == ThinFirstWrite && fsync > 0, t == ThinFirstZeroed && fsync > 0:
					return 1.8 + 0.2*float64(depth)
				case t == ThinFirstZeroed && depth == 16:
					return 2.25
				}
				return 1.5
			})...),
			backings: []BackingReport{{Backing: Memory}, {Backing: Latency, Latency: 10 * time.Millisecond}},
			want: "On memory, " + lead + "holds nowhere (1.25–1.50 times); " +
				"on a disk with 10ms of latency, it holds for unzeroed first writes with fsync at queue depth 16, " +
				"zeroed first writes at queue depth 16 and writes after a snapshot (2.25–5.00 times), " +
				"does not hold for reads, overwrites, unzeroed first writes without fsync " +
				"and zeroed first writes without fsync at queue depth 1 (1.50 times), " +
				"and is not decided for first writes with fsync at queue depth 1 (2.00 times).",
		},
		{
			name: "much is open",
			results: all(Memory, func(t Target, _, fsync int) float64 {
				if t == ThinAfterSnap || fsync > 0 {
					return 2.05
				}
				return 1.25
			}),
			want: "On memory, " + lead + "does not hold for reads, overwrites without fsync and first writes without fsync (1.25–1.50 times) " +
				"and is not decided in 10 of 18 cases (2.05 times).",
		},
		{
			name: "depths alike with and without fsync",
			results: all(Latency, func(_ Target, depth, _ int) float64 {
				if depth == 16 {
					return 2.5
				}
				return 1.5
			}),
			want: "On a disk with latency, " + lead + "holds for overwrites at queue depth 16, first writes at queue depth 16 " +
				"and writes after a snapshot at queue depth 16 (2.50 times) and does not hold for reads, overwrites at queue depth 1, " +
				"first writes at queue depth 1 and writes after a snapshot at queue depth 1 (1.50 times).",
		},
		{
			name: "several depths of more",
			results: []Cell{
				thinCell(Device, Thin, RandRead, 1, 0, 1), thinCell(Device, Thin, RandRead, 16, 0, 3), thinCell(Device, Thin, RandRead, 64, 0, 4),
			},
			want: "On the device, " + lead + "holds for reads at queue depths 16 and 64 (3.00–4.00 times) and does not hold for reads at queue depth 1 (1.00 times).",
		},
		{
			name:    "no ratio",
			results: []Cell{thinCell(Memory, Thin, RandRead, 1, 0, math.NaN())},
			want:    "On memory at queue depth 1, " + lead + "is not decided for reads (not measured).",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &Report{Results: tt.results, Environment: Environment{Backings: tt.backings}}
			require.Equal(t, tt.want, Summarize(r))
		})
	}
}

func TestVerdict(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	tests := []struct {
		ratio, low, high float64
		want             verdict
	}{
		{2.5, 2.01, 3, holds},
		{2.5, 2, 3, undecided}, // "more than": 2 itself is not enough
		{2.5, 2.01, inf, holds},
		{1.5, 1, 1.99, fails},
		{1.5, 1, 2, undecided},
		{2.5, 1.9, 3, undecided},
		{nan, 2.01, 3, undecided},
		{2.5, nan, 3, undecided},
		{2.5, 2.1, nan, undecided},
		{0, 0, 0, undecided},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.ratio, tt.low, tt.high), func(t *testing.T) {
			c := Cell{Target: Thin, ThickOverThis: tt.ratio, ThickOverThisCI: [2]float64{tt.low, tt.high}}
			require.Equal(t, tt.want, c.verdict())
		})
	}
}
