package lvm_test

import (
	"fmt"
	"os"

	"github.com/rok-storage/rok/lvm"
)

func ExampleParse() {
	src, err := os.ReadFile("testdata/vg/snapshot.disk")
	if err != nil {
		fmt.Println(err)
		return
	}
	vg, err := lvm.Parse(string(src))
	if err != nil {
		fmt.Println(err) // line, column, object and what is wrong with it
		return
	}
	for _, lv := range vg.LVs {
		if vg.Visible(lv) {
			fmt.Println(vg.Name+"/"+lv.Name, lv.Size(), "extents")
		}
	}
	fmt.Println(len(vg.AppendText(nil)) == len(src)+1) // the NUL
	// Output:
	// vg/o 4 extents
	// vg/s2 2 extents
	// true
}
