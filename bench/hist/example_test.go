package hist_test

import (
	"fmt"

	"github.com/rok-storage/rok/bench/hist"
)

func ExampleHistogram() {
	var h hist.Histogram
	for us := range int64(1000) {
		h.Record(us * 1000)
	}
	fmt.Println(h.Count(), h.Percentile(50), h.Percentile(99))
	// Output: 1000 497664 987136
}
