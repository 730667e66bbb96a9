package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/bench/hist"
)

// order is what a child process is asked to do.
type order struct {
	Path string    `json:"path"`
	Job  bench.Job `json:"job"`
}

// answer is what it did.
type answer struct {
	IOPS    float64         `json:"iops"`
	IOs     uint64          `json:"ios"`
	Latency *hist.Histogram `json:"lat_ns"`
	Engine  string          `json:"engine"` // that was used
}

// runJob is the child of rokRun: one job, in a process of its own as fio is.
func runJob(ctx context.Context, r io.Reader, w io.Writer) error {
	var o order
	if err := json.NewDecoder(r).Decode(&o); err != nil {
		return fmt.Errorf("read order: %w", err)
	}
	result, err := bench.Run(ctx, bench.Target{Path: o.Path}, o.Job, bench.RunConfig{})
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(answer{
		IOPS: result.IOPS, IOs: result.IOs(), Latency: result.Latency(), Engine: result.Engine.Used.String(),
	})
}
