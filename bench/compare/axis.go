package compare

import "math"

// axis maps values to a stretch of a drawing, in equal steps or, if it is
// logarithmic, in equal factors.
type axis struct {
	low, high float64 // values at the ends
	from, to  float64 // pixels at the ends
	log       bool
}

// at is the place of v, kept to the axis.
func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	share := (v - low) / (high - low)
	if math.IsNaN(share) {
		share = 0
	}
	return a.from + min(max(share, 0), 1)*(a.to-a.from)
}

// linearAxis begins at 0 and ends at a round number no lower than high.
func linearAxis(high, from, to float64) axis {
	if !measured(high) {
		high = 1
	}
	step := roundStep(high / 3)
	return axis{low: 0, high: math.Ceil(high/step-1e-9) * step, from: from, to: to}
}

// logAxis holds low and high, and ends at ticks.
func logAxis(low, high, from, to float64) axis {
	if !measured(low) || !measured(high) {
		low, high = 1, 10
	}
	a := axis{low: decade(low), high: 10 * decade(high), from: from, to: to, log: true}
	for _, t := range a.fine() {
		if t <= low*(1+1e-9) {
			a.low = max(a.low, t)
		}
		if t >= high*(1-1e-9) {
			a.high = min(a.high, t)
		}
	}
	if a.low == a.high {
		a.high *= 2
	}
	return a
}

// ticks are the round values on the axis: at most eight or so.
func (a axis) ticks() []float64 {
	if !a.log {
		var ticks []float64
		step := roundStep(a.high / 3)
		for i := 0; float64(i)*step <= a.high*(1+1e-9); i++ {
			ticks = append(ticks, float64(i)*step)
		}
		return ticks
	}
	if a.high/a.low <= 100*(1+1e-9) {
		return a.fine()
	}
	var ticks []float64
	for v := decade(a.low); v <= a.high*(1+1e-9); v *= 10 {
		if v >= a.low*(1-1e-9) {
			ticks = append(ticks, v)
		}
	}
	return ticks
}

// fine are the values 1, 2 and 5 of each decade of a logarithmic axis.
func (a axis) fine() []float64 {
	var ticks []float64
	for v := decade(a.low); v <= a.high*(1+1e-9); v *= 10 {
		for _, t := range []float64{v, 2 * v, 5 * v} {
			if t >= a.low*(1-1e-9) && t <= a.high*(1+1e-9) {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}

// decade is the power of ten at or below v.
func decade(v float64) float64 { return math.Pow(10, math.Floor(math.Log10(v)+1e-9)) }

// roundStep is the 1, 2 or 5 of a decade nearest to v from above.
func roundStep(v float64) float64 {
	d := decade(v)
	for _, step := range []float64{d, 2 * d, 5 * d} {
		if v <= step*(1+1e-9) {
			return step
		}
	}
	return 10 * d
}
