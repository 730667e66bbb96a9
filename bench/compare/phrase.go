package compare

import (
	"slices"
	"strconv"
)

// phrase names cells that a sentence can name together.
type phrase struct {
	noun      string
	qualifier string
	cells     []Cell
}

// name describes the cells of part as briefly as it can, knowing that all the
// cells there are is whole: what holds for all depths needs no depth.
func name(part, whole []Cell) []string {
	kinds := []struct {
		noun     string
		workload Workload
		target   Target
	}{
		{"reads", RandRead, Thin},
		{"overwrites", RandWrite, Thin},
		{"unzeroed first writes", RandWrite, ThinFirstWrite},
		{"zeroed first writes", RandWrite, ThinFirstZeroed},
		{"writes after a snapshot", RandWrite, ThinAfterSnap},
	}
	onlyDepth := len(depths(whole)) == 1
	var phrases []phrase
	for _, k := range kinds {
		of := func(cells []Cell) []Cell {
			return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool {
				return c.Workload != k.workload || c.Target != k.target
			})
		}
		phrases = append(phrases, qualify(k.noun, of(part), of(whole), onlyDepth)...)
	}
	phrases = joinZeroing(phrases)
	var names []string
	for _, p := range phrases {
		names = append(names, p.noun+p.qualifier)
	}
	return names
}

// qualify says which of a kind's cells are meant: with or without fsync, and
// at which queue depth.
func qualify(noun string, part, whole []Cell, onlyDepth bool) []phrase {
	if len(part) == 0 {
		return nil
	}
	atDepth := func(part, whole []Cell) string {
		d := depths(part)
		if onlyDepth || slices.Equal(d, depths(whole)) {
			return ""
		}
		words := make([]string, len(d))
		for i := range d {
			words[i] = strconv.Itoa(d[i])
		}
		if len(d) > 1 {
			return " at queue depths " + enumerate(words)
		}
		return " at queue depth " + words[0]
	}
	with := func(cells []Cell, every int) []Cell {
		return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool { return c.FsyncEvery != every })
	}

	// All fsync intervals alike: one phrase does for them.
	all := fsyncs(whole)
	alike := slices.Equal(fsyncs(part), all)
	for _, every := range all {
		alike = alike && slices.Equal(depths(with(part, every)), depths(part))
	}
	if alike && (len(all) > 1 || all[0] == 0) {
		return []phrase{{noun, atDepth(part, whole), part}}
	}
	var phrases []phrase
	for _, every := range fsyncs(part) {
		some := with(part, every)
		q := " without fsync"
		switch {
		case every > 0 && slices.Min(all) == 0 && len(all) == 2:
			q = " with fsync"
		case every > 0:
			q = " with an fsync every " + strconv.Itoa(every)
		}
		phrases = append(phrases, phrase{noun, q + atDepth(some, with(whole, every)), some})
	}
	return phrases
}

// joinZeroing makes one phrase of two that differ in zeroing only. Where only
// one of the two was measured, its noun stays as it is.
func joinZeroing(phrases []phrase) []phrase {
	var joined []phrase
	for _, p := range phrases {
		other := slices.IndexFunc(joined, func(q phrase) bool {
			return q.qualifier == p.qualifier && firstWrites(q) && firstWrites(p)
		})
		if other < 0 {
			joined = append(joined, p)
			continue
		}
		joined[other].noun = "first writes"
		joined[other].cells = append(slices.Clone(joined[other].cells), p.cells...)
	}
	return joined
}

func firstWrites(p phrase) bool {
	t := p.cells[0].Target
	return t == ThinFirstWrite || t == ThinFirstZeroed
}
