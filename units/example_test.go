package units_test

import (
	"fmt"

	"github.com/rok-storage/rok/units"
)

func ExampleParseBytes() {
	b, err := units.ParseBytes("1.5GiB")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := b.Sectors()
	fmt.Println(b, s, err)
	// Output: 1536MiB 3145728s <nil>
}
