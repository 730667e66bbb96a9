package stat

import "math"

// exactMannWhitney is the largest sample for which the distribution of U is
// counted out.
const exactMannWhitney = 50

// MannWhitneyP is the two-sided p of the Mann–Whitney test that unpaired
// samples a and b come from the same distribution: exact where neither has
// more than 50 values and no two are equal, and the normal approximation with
// corrections for ties and continuity otherwise. An empty sample gives 1.
func MannWhitneyP(a, b []float64) float64 {
	n, m := len(a), len(b)
	if n == 0 || m == 0 {
		return 1
	}
	ranks, ties := rank(append(append(make([]float64, 0, n+m), a...), b...))
	var sum float64
	for _, r := range ranks[:n] {
		sum += r
	}
	u := sum - float64(n*(n+1))/2
	u = min(u, float64(n*m)-u)
	if ties == 0 && n <= exactMannWhitney && m <= exactMannWhitney {
		var below float64
		for _, p := range mannWhitneyProbabilities(n, m)[:int(u)+1] {
			below += p
		}
		return min(2*below, 1)
	}
	total := float64(n + m)
	variance := float64(n*m) / 12 * (total + 1 - ties/(total*(total-1)))
	if variance <= 0 {
		return 1
	}
	return min(2*normalCDF((u+0.5-float64(n*m)/2)/math.Sqrt(variance)), 1)
}

// mannWhitneyProbabilities is P(U = u) for samples of n and m: the largest of
// all values is in the first sample with chance n/(n+m), and then lies above
// all m of the second.
func mannWhitneyProbabilities(n, m int) []float64 {
	// rows[j] is the distribution for i and j values, i growing to n.
	rows := make([][]float64, m+1)
	for j := range rows {
		rows[j] = []float64{1}
	}
	for i := 1; i <= n; i++ {
		next := make([][]float64, m+1)
		next[0] = []float64{1}
		for j := 1; j <= m; j++ {
			p := make([]float64, i*j+1)
			first := float64(i) / float64(i+j)
			for u, q := range rows[j] {
				p[u+j] += first * q
			}
			for u, q := range next[j-1] {
				p[u] += (1 - first) * q
			}
			next[j] = p
		}
		rows = next
	}
	return rows[m]
}
