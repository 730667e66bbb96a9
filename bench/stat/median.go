package stat

import (
	"math"
	"slices"
)

// Mean is the arithmetic mean; 0 of no values.
func Mean(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// GeometricMean is the n-th root of the product of n positive values; 0 of no
// values, or when one is not positive.
func GeometricMean(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	var sum float64
	for _, v := range x {
		if v <= 0 {
			return 0
		}
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(x)))
}

// Median is the middle value, or the mean of the two in the middle; 0 of no
// values.
func Median(x []float64) float64 { return sortedMedian(slices.Sorted(slices.Values(x))) }

func sortedMedian(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// SignTest is the median with the exact interval of the sign test, which
// assumes nothing but independent samples. It is wider than
// [HodgesLehmann]'s, which assumes symmetry.
func SignTest(x []float64, confidence float64) Interval {
	sorted := slices.Sorted(slices.Values(x))
	n := len(sorted)
	i := Interval{Estimate: sortedMedian(sorted), N: n}
	if n == 0 {
		return i
	}
	if n > 1000 { // 2^-n leaves the range of float64
		k := max(int(float64(n)/2-normalQuantile((1+confidence)/2)*math.Sqrt(float64(n))/2), 1)
		i.Low, i.High, i.Confidence = sorted[k-1], sorted[n-k], confidence
		return i
	}
	// tail = P(B <= k-1) for B binomial(n, 1/2): what lies outside of the
	// interval from the k-th smallest to the k-th largest, on each side.
	term := math.Exp2(-float64(n))
	tail, k := term, 1
	for k+1 <= n/2 {
		term *= float64(n-k+1) / float64(k)
		if tail+term > (1-confidence)/2 {
			break
		}
		tail, k = tail+term, k+1
	}
	i.Low, i.High, i.Confidence = sorted[k-1], sorted[n-k], max(1-2*tail, 0)
	return i
}
