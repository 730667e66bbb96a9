package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// claim is the factor that the release note states: "more than double".
const claim = 2

// verdict tells what a cell says about the claim.
type verdict int

const (
	undecided verdict = iota // the interval holds the claim's factor
	holds                    // all of the interval is above it
	fails                    // all of the interval is below it
)

func (c Cell) verdict() verdict {
	low, high := c.ThickOverThisCI[0], c.ThickOverThisCI[1]
	switch {
	case !measured(c.ThickOverThis) || !measured(low) || math.IsNaN(high) || low > high:
		return undecided
	case low > claim:
		return holds
	case high < claim:
		return fails
	}
	return undecided
}

func (v verdict) verb() string {
	switch v {
	case holds:
		return "holds"
	case fails:
		return "does not hold"
	}
	return "is not decided"
}

// same tells whether the interval of the ratio holds 1: no difference between
// thick and this target was found.
func (c Cell) same() bool {
	return c.Target != Thick && measured(c.ThickOverThisCI[1]) && c.ThickOverThisCI[0] <= 1 && c.ThickOverThisCI[1] >= 1
}

// Summarize says in one sentence where thick gave more than double the IOPS of
// thin and where it did not, for each backing. A cell counts for one side only
// if its whole confidence interval lies there; the figures are the lowest and
// the highest ratio of the cells that are named together.
func Summarize(r *Report) string {
	var clauses []string
	for _, b := range r.backings() {
		var cells []Cell
		for _, c := range r.Results {
			if c.Backing == b.Backing && c.Target != Raw && c.Target != Thick {
				cells = append(cells, c)
			}
		}
		if len(cells) == 0 {
			continue
		}
		subject := "it"
		if len(clauses) == 0 {
			subject = "the claim that thick gives more than double the IOPS of thin"
		}
		clauses = append(clauses, b.phrase()+depthPhrase(cells)+", "+subject+" "+predicate(cells))
	}
	if len(clauses) == 0 {
		return "No thin volume was measured beside a thick one, so nothing can be said about more than double the IOPS."
	}
	s := strings.Join(clauses, "; ")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func (b BackingReport) phrase() string {
	switch {
	case b.Backing == Latency && b.Latency > 0:
		return "on a disk with " + b.Latency.String() + " of latency"
	case b.Backing == Latency:
		return "on a disk with latency"
	case b.Backing == Device && b.Description != "":
		return "on " + printable(b.Description)
	case b.Backing == Device:
		return "on the device"
	}
	return "on " + printable(string(b.Backing))
}

// depthPhrase names the queue depth once if all cells share it.
func depthPhrase(cells []Cell) string {
	if d := depths(cells); len(d) == 1 {
		return fmt.Sprintf(" at queue depth %d", d[0])
	}
	return ""
}

// predicate says where the claim holds and where not, and for how much it is
// open.
func predicate(cells []Cell) string {
	var by [3][]Cell
	for _, c := range cells {
		by[c.verdict()] = append(by[c.verdict()], c)
	}
	if len(cells) > 1 {
		switch len(cells) {
		case len(by[holds]):
			return "holds everywhere" + spread(cells)
		case len(by[fails]):
			return "holds nowhere" + spread(cells)
		}
	}
	var parts []string
	for _, v := range []verdict{holds, fails, undecided} {
		if len(by[v]) == 0 {
			continue
		}
		names := name(by[v], cells)
		part := v.verb() + " for " + enumerate(names)
		if v == undecided && len(names) > 1 {
			// The table shows which: a list of them would hide what is known.
			part = fmt.Sprintf("%s in %d of %d cases", v.verb(), len(by[v]), len(cells))
		}
		parts = append(parts, part+spread(by[v]))
	}
	if len(parts) < 3 {
		return strings.Join(parts, " and ")
	}
	return parts[0] + ", " + parts[1] + ", and " + parts[2]
}

// spread is the range of the cells' ratios, with a leading blank:
// " (1.04–1.27 times)".
func spread(cells []Cell) string {
	low, high := math.Inf(1), 0.0
	for _, c := range cells {
		if measured(c.ThickOverThis) {
			low, high = min(low, c.ThickOverThis), max(high, c.ThickOverThis)
		}
	}
	switch from, to := formatRatio(low), formatRatio(high); {
	case high == 0:
		return " (not measured)"
	case from == to:
		return " (" + from + " times)"
	default:
		return " (" + from + "–" + to + " times)"
	}
}

// depths are the queue depths of cells, in order.
func depths(cells []Cell) []int { return distinct(cells, func(c Cell) int { return c.QueueDepth }) }

// fsyncs are the fsync intervals of cells, in order.
func fsyncs(cells []Cell) []int { return distinct(cells, func(c Cell) int { return c.FsyncEvery }) }

func distinct(cells []Cell, key func(Cell) int) []int {
	var keys []int
	for _, c := range cells {
		keys = append(keys, key(c))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
