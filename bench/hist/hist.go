package hist

import (
	"iter"
	"math"
)

// Histogram counts latencies in nanoseconds. The zero value is empty and ready.
type Histogram struct {
	bins     [Buckets]uint64
	count    uint64
	sum      uint64
	min, max int64
}

// Record counts one latency. Negative values count as 0.
func (h *Histogram) Record(ns int64) {
	ns = max(ns, 0)
	if h.count == 0 || ns < h.min {
		h.min = ns
	}
	h.max = max(h.max, ns)
	h.count++
	h.sum += uint64(ns)
	h.bins[Index(ns)]++
}

// Add counts n latencies in the bucket of ns, as when bins of another
// histogram are read back. Sum, minimum and maximum then come from ns.
func (h *Histogram) Add(ns int64, n uint64) {
	if n == 0 {
		return
	}
	ns = max(ns, 0)
	if h.count == 0 || ns < h.min {
		h.min = ns
	}
	h.max = max(h.max, ns)
	h.count += n
	h.sum += uint64(ns) * n
	h.bins[Index(ns)] += n
}

// Merge adds all that o counted.
func (h *Histogram) Merge(o *Histogram) {
	if o.count == 0 {
		return
	}
	if h.count == 0 || o.min < h.min {
		h.min = o.min
	}
	h.max = max(h.max, o.max)
	h.count += o.count
	h.sum += o.sum
	for i, n := range &o.bins {
		h.bins[i] += n
	}
}

// Reset empties h.
func (h *Histogram) Reset() { *h = Histogram{} }

// Count is the number of latencies recorded.
func (h *Histogram) Count() uint64 { return h.count }

// Min is the smallest latency in nanoseconds, exactly; 0 when empty.
func (h *Histogram) Min() int64 { return h.min }

// Max is the largest latency in nanoseconds, exactly; 0 when empty.
func (h *Histogram) Max() int64 { return h.max }

// Mean is the exact mean in nanoseconds; 0 when empty.
func (h *Histogram) Mean() float64 {
	if h.count == 0 {
		return 0
	}
	return float64(h.sum) / float64(h.count)
}

// StdDev is the standard deviation in nanoseconds, computed from the buckets'
// middles and so within their error; 0 with fewer than two values.
func (h *Histogram) StdDev() float64 {
	if h.count < 2 {
		return 0
	}
	// About the bins' own mean: about the exact one, a histogram with a single
	// bucket would show a spread that is only the bucket's error.
	var sum, squares float64
	for ns, n := range h.Bins() {
		sum += float64(ns) * float64(n)
	}
	mean := sum / float64(h.count)
	for ns, n := range h.Bins() {
		d := float64(ns) - mean
		squares += d * d * float64(n)
	}
	return math.Sqrt(squares / float64(h.count-1))
}

// Bins yields the buckets that are not empty in ascending order: the bucket's
// middle in nanoseconds and its count.
func (h *Histogram) Bins() iter.Seq2[int64, uint64] {
	return func(yield func(int64, uint64) bool) {
		for i, n := range &h.bins {
			if n != 0 && !yield(Middle(i), n) {
				return
			}
		}
	}
}
