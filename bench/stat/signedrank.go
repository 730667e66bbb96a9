package stat

import (
	"math"
	"slices"
)

// exactSignedRank is the largest sample for which the distribution of the
// signed-rank statistic is counted out; beyond it, the normal approximation is
// right to three digits.
const exactSignedRank = 100

// HodgesLehmann is the median of the means of all pairs of values (each with
// itself too), and the interval that the Wilcoxon signed-rank test gives for
// it: exact up to 100 values, by the normal approximation beyond. It assumes
// independent samples that lie symmetrically about their median, as the
// logarithms of paired ratios do. It needs memory for n(n+1)/2 values.
func HodgesLehmann(x []float64, confidence float64) Interval {
	n := len(x)
	if n == 0 {
		return Interval{}
	}
	means := make([]float64, 0, n*(n+1)/2)
	for i, a := range x {
		for _, b := range x[i:] {
			means = append(means, a/2+b/2)
		}
	}
	slices.Sort(means)
	k, attained := signedRankCut(n, (1-confidence)/2)
	return Interval{Estimate: sortedMedian(means), Low: means[k-1], High: means[len(means)-k], Confidence: attained, N: n}
}

// signedRankCut is the largest k >= 1 for which P(W <= k-1) <= tail, W being
// the signed-rank statistic of n values without a preference, and the
// confidence 1 - 2 P(W <= k-1).
func signedRankCut(n int, tail float64) (k int, confidence float64) {
	if n > exactSignedRank {
		mean, deviation := signedRankMoments(n)
		k = max(int(mean-normalQuantile(1-tail)*deviation), 1)
		return k, 1 - 2*normalCDF((float64(k)-0.5-mean)/deviation)
	}
	p := signedRankProbabilities(n)
	below := p[0]
	for k = 1; k < len(p)/2 && below+p[k] <= tail; k++ {
		below += p[k]
	}
	return k, max(1-2*below, 0)
}

// SignedRankP is the two-sided p of the Wilcoxon signed-rank test that x lies
// about 0: exact up to 100 values without ties or zeros, and the normal
// approximation with corrections for ties and continuity otherwise. Zeros are
// left out. No values give 1.
func SignedRankP(x []float64) float64 {
	var nonzero []float64
	for _, v := range x {
		if v != 0 {
			nonzero = append(nonzero, math.Abs(v))
		}
	}
	n := len(nonzero)
	if n == 0 {
		return 1
	}
	ranks, ties := rank(nonzero)
	var w float64
	i := 0
	for _, v := range x {
		if v == 0 {
			continue
		}
		if v > 0 {
			w += ranks[i]
		}
		i++
	}
	mean, deviation := signedRankMoments(n)
	w = mean - math.Abs(w-mean) // the smaller of the two sums
	if n <= exactSignedRank && ties == 0 && n == len(x) {
		var below float64
		for _, p := range signedRankProbabilities(n)[:int(w)+1] {
			below += p
		}
		return min(2*below, 1)
	}
	deviation = math.Sqrt(deviation*deviation - ties/48)
	if deviation == 0 {
		return 1
	}
	return min(2*normalCDF((w+0.5-mean)/deviation), 1)
}

func signedRankMoments(n int) (mean, deviation float64) {
	f := float64(n)
	return f * (f + 1) / 4, math.Sqrt(f * (f + 1) * (2*f + 1) / 24)
}

// signedRankProbabilities is P(W = w) for w = 0 … n(n+1)/2: each rank is in
// the sum or not, with equal chance.
func signedRankProbabilities(n int) []float64 {
	p := make([]float64, n*(n+1)/2+1)
	p[0] = 1
	for r := 1; r <= n; r++ {
		for w := r * (r + 1) / 2; w >= 0; w-- {
			p[w] /= 2
			if w >= r {
				p[w] += p[w-r] / 2
			}
		}
	}
	return p
}
