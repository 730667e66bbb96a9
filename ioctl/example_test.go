package ioctl_test

import (
	"fmt"
	"log"

	"github.com/rok-storage/rok/ioctl"
)

// A request as bytes: it needs no kernel to be made.
func ExampleBuffer() {
	var b ioctl.Buffer
	b.Reset(ioctl.TableLoad, 0, 0)
	if err := b.SetName("vg-lv"); err != nil {
		log.Fatal(err)
	}
	if err := b.AppendTarget(0, 2048, "linear", []byte("8:16 4096")); err != nil {
		log.Fatal(err)
	}
	h := b.Header()
	fmt.Printf("%s: %d target, %d bytes\n", h.NameBytes(), h.TargetCount, h.DataSize)
	fmt.Println(b.SetName("a name of more than 127 bytes is refused, where the kernel would cut it short and act on another device: 123456789012345678901234567890"))
	// Output:
	// vg-lv: 1 target, 368 bytes
	// 135 bytes, at most 127: too long
}
