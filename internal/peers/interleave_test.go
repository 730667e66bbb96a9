package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var sink []byte

func TestInterleave(t *testing.T) {
	calls := map[string]int{}
	named := func(name string, process bool) contender {
		return contender{name: name, process: process, do: func() error { calls[name]++; return nil }}
	}
	allocating := named("allocating", false)
	allocating.do = func() error { sink = make([]byte, 1<<10); return nil }
	costs, err := interleave(t.Context(), []contender{named("a", false), named("b", false), named("p", true), allocating},
		2*processEvery, 50*time.Microsecond)
	require.NoError(t, err)
	for i := range costs {
		require.Len(t, costs[i].ns, 2*processEvery)
		require.Positive(t, costs[i].time())
	}
	require.Less(t, costs[0].allocs, noAllocation)
	require.InDelta(t, 1, costs[3].allocs, 0.1)
	require.InDelta(t, 1024, costs[3].bytes, 100)
	require.Equal(t, 3, calls["p"], "to count, and in two rounds")
	measured := 0
	for _, ns := range costs[2].ns {
		if ns > 0 {
			measured++
		}
	}
	require.Equal(t, 2, measured)
}

func TestInterleaveEnds(t *testing.T) {
	broken := errors.New("broken")
	_, err := interleave(t.Context(), []contender{{name: "a", do: func() error { return broken }}}, 2, time.Microsecond)
	require.ErrorIs(t, err, broken)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = interleave(ctx, []contender{{name: "a", do: func() error { return nil }}}, 2, time.Microsecond)
	require.ErrorIs(t, err, context.Canceled)
}

func TestOver(t *testing.T) {
	var slow, fast, process cost
	for i := range 200 {
		disturbed := float64(i % 3 * 1000) // two rounds of three
		slow.ns = append(slow.ns, 300+disturbed)
		fast.ns = append(fast.ns, 100+3*disturbed)
		process.ns = append(process.ns, 0)
	}
	process.ns[0], process.ns[20], process.ns[40] = 3000, 3000, 3000
	require.InDelta(t, 300, slow.time(), 0)
	require.InDelta(t, 3000, process.time(), 0)
	ratio := slow.over(&fast)
	require.InDelta(t, 3, ratio.Estimate, 0)
	require.InDelta(t, 3, ratio.Low, 0)
	require.InDelta(t, 3, ratio.High, 0)
	require.InDelta(t, 30, process.over(&fast).Estimate, 0)
	require.Zero(t, new(cost).time())
}

func TestAffordable(t *testing.T) {
	require.Equal(t, 1000, affordable(time.Millisecond, 1000))
	require.Equal(t, 200, affordable(50*time.Millisecond, 1000))
	require.Equal(t, fewestRounds, affordable(time.Minute, 1000))
	require.Equal(t, 2, affordable(time.Minute, 2))
}
