package stat

import (
	"fmt"
	"math"
)

// Interval is an estimate with its confidence interval.
type Interval struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	// Confidence is what the interval attains, such as 0.95. Exact intervals
	// of small samples attain more than was asked for, or, when the sample is
	// too small for it, less; of one value, 0.
	Confidence float64 `json:"confidence"`
	// N is the number of samples.
	N int `json:"n"`
}

// Map applies an increasing function, such as [math.Exp] to an interval of
// logarithms.
func (i Interval) Map(increasing func(float64) float64) Interval {
	if i.N > 0 {
		i.Estimate, i.Low, i.High = increasing(i.Estimate), increasing(i.Low), increasing(i.High)
	}
	return i
}

// Contains reports whether x lies in the interval, ends included.
func (i Interval) Contains(x float64) bool { return i.N > 0 && i.Low <= x && x <= i.High }

// String prints the estimate with its interval: "1.04 [1.02 1.07]".
func (i Interval) String() string {
	return fmt.Sprintf("%.4g [%.4g %.4g]", i.Estimate, i.Low, i.High)
}

// Ratio is the Hodges–Lehmann estimate of a/b from paired samples, which must
// be positive and of equal number: the interval of [HodgesLehmann] over the
// logarithms of the pairs' ratios. A pair with a value that is not positive
// says nothing about the ratio and is left out; N counts those used.
func Ratio(a, b []float64, confidence float64) Interval {
	logs := make([]float64, 0, len(a))
	for i := range min(len(a), len(b)) {
		if a[i] > 0 && b[i] > 0 {
			logs = append(logs, math.Log(a[i]/b[i]))
		}
	}
	return HodgesLehmann(logs, confidence).Map(math.Exp)
}
