package metadata

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// candidate is a pair of trees that may be a pool's.
type candidate struct {
	top, details uint64
	score        candidateScore
}

// candidateScore ranks candidates by what they hold. Blocks have no date, so that
// what is newer must be told from the pool's time, which only snapshots move, and
// which is that of each new mapping. The trees of many commits may all be whole.
type candidateScore struct {
	// stale tells of trees that are not of one commit, or of one whose blocks were
	// freed and used anew: they know other devices, count other than they map, or lead to
	// blocks that are sound and something else. A block that is torn does not make trees
	// stale.
	stale       bool
	time        uint32
	transaction uint64
	// older are the blocks mapped before time, with all that is torn, and latest those
	// at it.
	older, latest uint64
	held          bool // the trees are those of a metadata snapshot
	devices       uint64
}

// compare is positive where s is newer than t, or, of two stale ones, where more is
// left of it.
//
// At one time of the pool, blocks that were mapped before become fewer, whatever
// happens; those that are mapped at it become more, but for discards and
// deletions. Where neither tells, the one with fewer devices is taken: a device that was
// just made is empty, and one that was just deleted must not come back.
func (s *candidateScore) compare(t *candidateScore) int {
	order := cmp.Or(compareBool(t.stale, s.stale), cmp.Compare(s.time, t.time), cmp.Compare(s.transaction, t.transaction))
	if order != 0 {
		return order
	}
	if s.stale {
		return cmp.Or(cmp.Compare(s.devices, t.devices), cmp.Compare(s.older+s.latest, t.older+t.latest), compareBool(t.held, s.held))
	}
	return cmp.Or(cmp.Compare(t.older, s.older), cmp.Compare(s.latest, t.latest),
		compareBool(t.held, s.held), cmp.Compare(t.devices, s.devices))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// at makes the pool's time at least time.
func (s *candidateScore) at(time uint32) {
	if time > s.time {
		s.time, s.older, s.latest = time, s.older+s.latest, 0
	}
}

// add counts a run of mappings.
func (s *candidateScore) add(run Mapping) {
	s.at(run.Time)
	if run.Time == s.time {
		s.latest += run.Length
	} else {
		s.older += run.Length
	}
}

// sortCandidates puts the best first.
func sortCandidates(list []candidate) {
	slices.SortStableFunc(list, func(a, b candidate) int { return b.score.compare(&a.score) })
}

// look counts what the trees of a candidate map.
func (m *Metadata) look(ctx context.Context, c candidate) (candidateScore, error) {
	var score candidateScore
	t := &Trees{m, Superblock{MappingRoot: c.top, DetailsRoot: c.details}}
	losses := 0
	for d, err := range t.Devices() {
		if err != nil {
			losses++
			score.stale = score.stale || !m.torn(err)
		}
		if d.Root == 0 {
			continue
		}
		score.devices++
		score.at(max(d.Detail.CreationTime, d.Detail.SnapshottedTime))
		score.transaction = max(score.transaction, d.Detail.TransactionID)
		var mapped uint64
		whole := err == nil
		for run, err := range m.Mappings(d) {
			if err := ctx.Err(); err != nil {
				return score, err
			}
			if err != nil {
				losses++
				whole = false
				score.stale = score.stale || !m.torn(err)
				continue
			}
			mapped += run.Length
			score.add(run)
		}
		counted := d.Detail.MappedBlocks
		score.stale = score.stale || err == nil && (mapped > counted || whole && mapped < counted)
		if mapped < counted {
			score.older += counted - mapped
		}
		if losses > maxLosses || score.older+score.latest > maxMetadataBlock*uint64(maxEntries(keySize)) {
			break // no device can hold this; see Writer.hopeless
		}
	}
	return score, nil
}

// torn reports whether err is of a block that is of no kind: not one that was freed and
// is now something else.
func (m *Metadata) torn(err error) bool {
	e := (*CorruptError)(nil)
	if !errors.As(err, &e) {
		return false
	}
	if e.Err != nil {
		return true // it cannot be read
	}
	var block [BlockSize]byte
	if e.Block == superblockBlock || e.What != "checksum" || m.readBlock(block[:], e.Block, e.Record) != nil {
		return false
	}
	for _, s := range []salt{superblockSalt, nodeSalt, bitmapSalt, indexSalt} {
		if verify(block[:], e.Block, e.Record, s) == nil {
			return false
		}
	}
	return true
}
