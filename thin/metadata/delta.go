package metadata

import "iter"

// DeltaOptions say what a [Delta] tells. The zero value: what differs.
type DeltaOptions struct {
	// Same asks for what both devices map to the same data blocks too. Shared
	// subtrees, which are otherwise skipped, are then read once.
	Same bool
}

// Delta compares what two thin devices map. A subtree that both share is not read,
// so that a comparison costs what has changed since one was a snapshot of the
// other, not what they map.
type Delta struct {
	trees       *Trees
	left, right ThinDevice
	options     DeltaOptions
	reads       uint64
}

// Delta is the comparison of two devices. They may be of t, or of other trees of
// the same metadata: the metadata snapshot's beside the pool's own.
func (t *Trees) Delta(left, right ThinDevice, o DeltaOptions) *Delta {
	return &Delta{trees: t, left: left, right: right, options: o}
}

// Changes goes through what differs, in the order of virtual blocks, as the longest
// runs. The time of a mapping does not count. Memory is independent of the size.
//
// Damage comes as a [CorruptError] that names the device and the virtual blocks of
// which nothing is known; what the other device maps there is left out, and what is
// behind it follows. Damage below what both share is not seen.
func (d *Delta) Changes() iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		w := newDeltaWalk(d)
		w.yield = yield
		w.run()
		d.reads = w.left.reads + w.right.reads
	}
}

// BlocksRead is how many metadata blocks the last run of Changes has read.
func (d *Delta) BlocksRead() uint64 { return d.reads }
