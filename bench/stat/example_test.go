package stat_test

import (
	"fmt"

	"github.com/rok-storage/rok/bench/stat"
)

func ExampleRatio() {
	thick := []float64{70_100, 68_900, 71_200, 69_800, 70_500, 66_000, 72_300}
	thin := []float64{56_000, 55_700, 57_100, 54_900, 56_300, 53_100, 57_900}
	r := stat.Ratio(thick, thin, 0.95)
	fmt.Println(r, r.Contains(1))
	// Output: 1.249 [1.242 1.262] false
}
