package linear_test

import (
	"fmt"

	"github.com/rok-storage/rok/dm"
	"github.com/rok-storage/rok/linear"
)

func Example() {
	free := linear.Set{{Start: 2048, Length: 6000}}
	runs, rest, err := free.Allocate(4096, linear.Policy{Align: 2048})
	if err != nil {
		fmt.Println(err)
		return
	}
	disk := dm.BlockDev{Dev: dm.Dev{Major: 8, Minor: 16}}
	table, err := linear.On(disk, runs).Table()
	fmt.Println(table, err)
	fmt.Println("left:", rest)

	_, _, err = rest.Allocate(4096, linear.Policy{})
	fmt.Println(err)
	// Output:
	// 0 4096 linear 8:16 2048 <nil>
	// left: [[6144, 8048)]
	// no space: wanted 2MiB, free 952KiB, of which 952KiB in one run
}
