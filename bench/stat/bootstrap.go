package stat

import (
	"math/rand/v2"
	"slices"
)

// Bootstrap is the statistic of x with the percentile interval over resamples
// of x in runs of the given number of successive values (1: each on its own).
// Runs keep the correlation of neighbours, as between slices of one
// measurement; they wrap around the end. The same seed gives the same
// interval. Below about ten runs the interval is too narrow.
func Bootstrap(x []float64, statistic func([]float64) float64, run, resamples int, confidence float64, seed uint64) Interval {
	n := len(x)
	if n == 0 {
		return Interval{}
	}
	i := Interval{Estimate: statistic(x), N: n}
	i.Low, i.High = i.Estimate, i.Estimate
	run = min(max(run, 1), n)
	if n == run || resamples < 1 {
		return i
	}
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	values := make([]float64, resamples)
	sample := make([]float64, n)
	for k := range values {
		for at := 0; at < n; {
			from := r.IntN(n)
			for j := 0; j < run && at < n; j, at = j+1, at+1 {
				sample[at] = x[(from+j)%n]
			}
		}
		values[k] = statistic(sample)
	}
	slices.Sort(values)
	cut := int((1 - confidence) / 2 * float64(resamples))
	i.Low, i.High, i.Confidence = values[cut], values[resamples-1-cut], confidence
	return i
}
