package rok_test

import (
	"context"
	"fmt"
	"log"

	"github.com/rok-storage/rok/dm"
)

// A disk of 2 MiB that reads as zeros, except for 4 KiB in the middle that
// cannot be read: /dev/mapper/bad-disk.
func Example() {
	conn, err := dm.Open(nil) // needs root
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.Create(context.Background(), dm.CreateRequest{Name: "bad-disk", Table: dm.Table{
		{Start: 0, Length: 2048, Target: dm.Zero{}}, // in sectors of 512 bytes
		{Start: 2048, Length: 8, Target: dm.ErrorTarget{}},
		{Start: 2056, Length: 2040, Target: dm.Zero{}},
	}})
	fmt.Println("bad-disk:", err) // names the device and, where it is one's fault, the segment
}
