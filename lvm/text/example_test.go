package text_test

import (
	"fmt"

	"github.com/rok-storage/rok/lvm/text"
)

func ExampleParse() {
	nodes, err := text.Parse("devices {\n\tdir = \"/dev\"\n}\nglobal/umask = 077\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, _ := text.Find(nodes, "devices/dir").Text()
	fmt.Println(dir, text.Find(nodes, "global/umask").Raw)
	_, err = text.Parse("devices {\n\tdir =\n}\n")
	fmt.Println(err)
	// Output:
	// /dev 077
	// line 3, column 1: expected a value, found "}"
}
