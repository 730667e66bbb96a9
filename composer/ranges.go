package composer

import (
	"cmp"
	"iter"
	"slices"

	"github.com/rok-storage/rok/maps"
	"github.com/rok-storage/rok/units"
)

// merged are ranges in order, cut at size, with what touches or overlaps made one.
func merged(ranges []maps.Range, size units.Bytes) []maps.Range {
	sorted := slices.SortedFunc(slices.Values(ranges), func(a, b maps.Range) int { return cmp.Compare(a.Start, b.Start) })
	var result []maps.Range
	for _, r := range sorted {
		if r.Start >= size || r.Length == 0 {
			continue
		}
		r.Length = min(r.Length, size-r.Start)
		if n := len(result); n > 0 && r.Start <= end(result[n-1]) {
			result[n-1].Length = max(end(result[n-1]), end(r)) - result[n-1].Start
			continue
		}
		result = append(result, r)
	}
	return result
}

// blocksOf are the blocks that merged ranges have a part of, each once.
func blocksOf(ranges []maps.Range, block units.Bytes) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		next := uint64(0)
		for _, r := range ranges {
			for next = max(next, uint64(r.Start/block)); next <= uint64((end(r)-1)/block); next++ {
				if !yield(next) {
					return
				}
			}
		}
	}
}

// dataOf are the blocks of a source that may have data, in order.
func dataOf(source Source, block units.Bytes) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		sparse, ok := source.(Sparse)
		next := uint64(0)
		for size := source.Size(); units.Bytes(next)*block < size; {
			r := maps.Range{Start: units.Bytes(next) * block}
			r.Length = size - r.Start
			if ok {
				var err error
				if r, err = sparse.NextData(r.Start); err != nil {
					yield(0, err)
					return
				}
			}
			if r.Length == 0 {
				return
			}
			for next = max(next, uint64(r.Start/block)); next <= uint64((end(r)-1)/block); next++ {
				if !yield(next, nil) {
					return
				}
			}
		}
	}
}

// blockRange is the part of a volume that a block is, cut at its end.
func blockRange(s maps.Shape, index uint64) maps.Range {
	start := units.Bytes(index) * s.BlockSize
	return maps.Range{Start: start, Length: min(s.BlockSize, s.Size-start)}
}
