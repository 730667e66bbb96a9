package metadata_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rok-storage/rok/thin/metadata"
	"github.com/rok-storage/rok/units"
)

// A pool ran out of metadata, and the kernel set it aside. With the pool
// deactivated, its metadata device is checked and released.
func ExampleClearNeedsCheck() {
	clearFlag := func(path string) error {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		size, err := f.Seek(0, io.SeekEnd) // also right for a block device
		if err != nil {
			return err
		}
		report, err := metadata.ClearNeedsCheck(context.Background(), f, units.Bytes(size))
		if err != nil {
			return err
		}
		fmt.Printf("%d devices, %d mappings\n", report.Devices, report.Mappings)
		return nil
	}
	err := clearFlag("/dev/null")
	fmt.Println(errors.Is(err, metadata.ErrCorrupt), err)
	// Output: true metadata: block 0 (superblock): unreadable: unexpected EOF
}

func ExampleUnpackBlockTime() {
	fmt.Printf("%+v\n", metadata.UnpackBlockTime(11<<24|1))
	// Output: {Block:11 Time:1}
}

func ExampleRange() {
	fmt.Println(metadata.NewRange(3, 9), metadata.NewRange(3, 3), metadata.Range{})
	// Output: 3..9 3 none
}
