package compare

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPace(t *testing.T) {
	at := func(done, total, elapsed time.Duration) float64 {
		return pace(Progress{Done: done, Total: total, Elapsed: elapsed})
	}
	const s = time.Second
	require.Equal(t, 1.0, at(0, 200*s, 0))
	require.Equal(t, 1.0, at(100*s, 200*s, 100*s), "in time")
	require.Equal(t, 1.0, at(100*s, 200*s, 130*s), "late, but the rest fits")
	require.InDelta(t, 0.5, at(50*s, 200*s, 100*s), 0.04, "what is left takes twice what there is")
	require.Equal(t, 0.25, at(150*s, 200*s, 500*s), "never less")
	require.Equal(t, 1.0, at(100*s, 600*s, 590*s), "a long plan was asked for")
}

// However slow a machine is, in each step as much as in the others, a default
// run that keeps the pace ends in time, until the shortest steps are too long.
func TestPaceEndsInTime(t *testing.T) {
	for _, slow := range []float64{1, 1.25, 1.5, 1.75} {
		p, err := NewPlan(Config{Dir: "/tmp", Virtual: true})
		require.NoError(t, err)
		now := Progress{Total: p.Time()}
		spend := func(planned time.Duration, share float64) {
			now.Done += planned
			now.Elapsed += time.Duration(float64(planned) * share * slow)
		}
		for _, g := range p.groups {
			spend(g.time, pace(now))
		}
		spend(now.Total-now.Done, 1)
		require.LessOrEqual(t, now.Elapsed, longest, "%v times as slow", slow)
	}
}

func TestHurry(t *testing.T) {
	p, err := NewPlan(Config{Dir: "/tmp", Virtual: true})
	require.NoError(t, err)
	for _, g := range p.groups {
		same, unhurried := p.hurry(g, 1)
		require.Equal(t, p.cfg.CellTime, same.cfg.CellTime)
		require.Equal(t, g, unhurried)
		short, hurried := p.hurry(g, 0.25)
		require.Equal(t, p.cfg.CellTime/4, short.cfg.CellTime)
		if g.once {
			require.Less(t, hurried.time, g.time)
			require.GreaterOrEqual(t, hurried.chunks, min(2*g.depth, g.chunks))
			require.GreaterOrEqual(t, hurried.replicates, fewestRuns)
		}
	}
}
