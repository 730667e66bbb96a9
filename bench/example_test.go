package bench_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/units"
)

// scratch makes a file of the given size to measure.
func scratch(size units.Bytes) (path string, err error) {
	f, err := os.CreateTemp("", "bench-example-")
	if err != nil {
		return "", err
	}
	return f.Name(), func() error {
		if err := f.Truncate(int64(size)); err != nil {
			return err
		}
		return f.Close()
	}()
}

func ExampleRun() {
	path, err := scratch(4 * units.MiB)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(path)
	job := bench.Job{RW: bench.RandWrite, Engine: engine.LibAIO, IODepth: 16, Fsync: 256}
	r, err := bench.Run(context.Background(), bench.Target{Path: path}, job, bench.RunConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Write.IOs, "writes and", r.Sync.IOs, "syncs at", r.IOPS > 0, "IOPS")
	// Output: 1024 writes and 4 syncs at true IOPS
}

func ExampleCompare() {
	thick, err := scratch(units.MiB)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(thick)
	thin, err := scratch(units.MiB)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(thin)

	targets := []bench.Target{{Name: "thick", Path: thick}, {Name: "thin", Path: thin}}
	job := bench.Job{RW: bench.RandRead, Engine: engine.URing, IODepth: 16}
	c, err := bench.Compare(context.Background(), targets, job, bench.CompareConfig{
		Duration: 100 * time.Millisecond,
		Slices:   []time.Duration{10 * time.Millisecond, 13 * time.Millisecond},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ratio := c.Ratio(0, 1)
	fmt.Println(len(c.Rates), "blocks, thick over thin between", ratio.Low > 0, "and", ratio.High > ratio.Low)
	// Output: 6 blocks, thick over thin between true and true
}
