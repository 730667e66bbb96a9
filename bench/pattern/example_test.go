package pattern_test

import (
	"fmt"

	"github.com/rok-storage/rok/bench/pattern"
)

func ExampleGenerator() {
	// One 4 KiB write at the head of each 64 KiB chunk, each once.
	chunks := pattern.Region{Size: 256 << 10, BlockSize: 4 << 10, Stride: 64 << 10}
	g, err := pattern.New(pattern.Random, chunks, 1, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	var sum int64
	for off, ok := g.Next(); ok; off, ok = g.Next() {
		sum += off >> 10
	}
	fmt.Println(chunks.Blocks(), "chunks, sum of offsets", sum, "KiB")
	// Output: 4 chunks, sum of offsets 384 KiB
}
