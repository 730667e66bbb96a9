package hist

import "math"

// DefaultPercentiles are those that fio prints when it is not told otherwise.
func DefaultPercentiles() []float64 {
	return []float64{1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99}
}

// Percentile is the latency in nanoseconds below or at which p percent of the
// values lie: the middle of the first bucket at which the cumulative count
// reaches p/100 of all, which is fio's rule. p is clamped to 0..100. An empty
// histogram gives 0.
func (h *Histogram) Percentile(p float64) int64 {
	if h.count == 0 {
		return 0
	}
	// seen*100 >= p*count, exactly: fio computes in long double, and in float64
	// a rounded product would now and then land one bucket beside it.
	p = min(max(p, 0), 100)
	product := p * float64(h.count)
	rest := math.FMA(p, float64(h.count), -product)
	var seen uint64
	last := 0
	for i, n := range &h.bins {
		if n == 0 {
			continue
		}
		seen, last = seen+n, i
		if float64(seen)*100-product >= rest {
			break
		}
	}
	return Middle(last)
}
