package hist

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// document has the keys of a latency object in fio's json+ output.
type document struct {
	Min        int64             `json:"min"`
	Max        int64             `json:"max"`
	Mean       float64           `json:"mean"`
	StdDev     float64           `json:"stddev"`
	N          uint64            `json:"N"`
	Percentile map[string]int64  `json:"percentile,omitempty"`
	Bins       map[string]uint64 `json:"bins,omitempty"`
}

// MarshalJSON encodes h as fio's json+ does: min, max, mean, stddev, N, the
// default percentiles, and the bins keyed by bucket middle.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	d := document{Min: h.min, Max: h.max, Mean: h.Mean(), StdDev: h.StdDev(), N: h.count}
	if h.count > 0 {
		d.Percentile = make(map[string]int64)
		for _, p := range DefaultPercentiles() {
			d.Percentile[strconv.FormatFloat(p, 'f', 6, 64)] = h.Percentile(p)
		}
		d.Bins = make(map[string]uint64)
		for ns, n := range h.Bins() {
			d.Bins[strconv.FormatInt(ns, 10)] = n
		}
	}
	return json.Marshal(d)
}

// UnmarshalJSON reads the bins, minimum, maximum and mean of a latency object
// of fio's json+ output or of [Histogram.MarshalJSON]. Bins that are no
// bucket middles are counted in the bucket that holds them.
func (h *Histogram) UnmarshalJSON(text []byte) error {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("hist: decode: %w", err)
	}
	h.Reset()
	for key, n := range d.Bins {
		ns, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			return fmt.Errorf("hist: decode bin %q: %w", key, err)
		}
		h.Add(ns, n)
	}
	if h.count > 0 && d.N == h.count {
		h.min, h.max, h.sum = d.Min, d.Max, uint64(d.Mean*float64(d.N)+0.5)
	}
	return nil
}
