package stat

import "math"

// MeanInterval is the mean with Student's interval. It assumes independent
// samples whose mean is nearly normal, as means of many I/Os are.
func MeanInterval(x []float64, confidence float64) Interval {
	n := len(x)
	mean := Mean(x)
	i := Interval{Estimate: mean, Low: mean, High: mean, N: n}
	if n < 2 {
		return i
	}
	var squares float64
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	half := studentQuantile((1+confidence)/2, n-1) * math.Sqrt(squares/float64(n-1)/float64(n))
	i.Low, i.High, i.Confidence = mean-half, mean+half, confidence
	return i
}

// studentQuantile inverts Student's distribution by bisection, p in [0.5, 1).
func studentQuantile(p float64, degrees int) float64 {
	low, high := 0.0, 1.0
	for studentCDF(high, degrees) < p && high < 1e9 {
		high *= 2
	}
	for range 100 {
		if mid := (low + high) / 2; studentCDF(mid, degrees) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}

// studentCDF is P(T <= t), t >= 0, for whole degrees of freedom: the finite
// sums of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3
// and 26.7.4.
func studentCDF(t float64, degrees int) float64 {
	n := float64(degrees)
	theta := math.Atan(t / math.Sqrt(n))
	sin, cos := math.Sincos(theta)
	if degrees%2 == 0 {
		sum, term := 1.0, 1.0
		for k := 2; k < degrees; k += 2 {
			term *= cos * cos * float64(k-1) / float64(k)
			sum += term
		}
		return 0.5 + sin*sum/2
	}
	var sum float64
	if degrees > 1 {
		term := cos
		sum = term
		for k := 3; k < degrees; k += 2 {
			term *= cos * cos * float64(k-1) / float64(k)
			sum += term
		}
	}
	return 0.5 + (theta+sin*sum)/math.Pi
}
