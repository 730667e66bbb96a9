package compare

import "time"

const (
	// longest is what a default run may take, also on a slow machine.
	longest = 5 * time.Minute
	// reserve is kept back of it for what is not measured: the start, the end,
	// and steps that take longer than planned to the last.
	reserve = 40 * time.Second
)

// pace is the share of their planned time that the steps still to come can
// have, going by what the steps so far took. A plan that is longer by itself
// was asked for, and is kept to.
func pace(p Progress) float64 {
	if p.Total > longest-reserve || p.Done <= 0 || p.Done >= p.Total {
		return 1
	}
	left := longest - reserve - p.Elapsed
	slowness := max(1, float64(p.Elapsed)/float64(p.Done))
	return min(max(float64(left)/(slowness*float64(p.Total-p.Done)), 0.25), 1)
}

// hurry makes a group, and the plan that it is measured by, shorter by a share.
func (p *Plan) hurry(g group, share float64) (*Plan, group) {
	hurried := *p
	hurried.cfg.CellTime = time.Duration(float64(p.cfg.CellTime) * share)
	if g.once {
		g.chunks = fewerChunks(g.chunks, g.depth, share)
		g.time = time.Duration(float64(g.time) * share)
	}
	return &hurried, g
}

// fewerChunks keeps enough for the queue to be full for a while.
func fewerChunks(chunks, depth int, share float64) int {
	return max(int(float64(chunks)*share), min(2*depth, chunks))
}
