package main

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/rok-storage/rok/bench"
	"github.com/rok-storage/rok/bench/engine"
	"github.com/rok-storage/rok/units"
)

// cell is one kind of work on one target.
type cell struct {
	target string // "file" or "loop"
	rw     bench.RW
	engine engine.Kind
	depth  int // psync, which has one I/O in flight, gets so many threads
}

func (c cell) String() string {
	return fmt.Sprintf("%s %s %s %d", c.target, c.rw, c.engine, c.depth)
}

// cells are all that the expression chooses.
func cells(chosen *regexp.Regexp) []cell {
	var all []cell
	for _, target := range []string{"file", "loop"} {
		for _, rw := range []bench.RW{bench.RandRead, bench.RandWrite} {
			for _, kind := range []engine.Kind{engine.PSync, engine.LibAIO, engine.URing} {
				for _, depth := range []int{1, 16, 64} {
					if c := (cell{target, rw, kind, depth}); chosen.MatchString(c.String()) {
						all = append(all, c)
					}
				}
			}
		}
	}
	return all
}

const blockSize = 4 * units.KiB

// job is the cell for package bench: for so long, or where length is zero one
// I/O for each thread, which shows what the start of the process costs.
func (c cell) job(length time.Duration) bench.Job {
	j := bench.Job{
		Name: c.String(), RW: c.rw, Engine: c.engine, BlockSize: blockSize, Direct: true,
		IODepth: c.depth, NumJobs: 1, RandSeed: 1,
		BatchSubmit: 1, BatchCompleteMin: 1, BatchCompleteMax: 1,
		Runtime: length, TimeBased: length > 0,
	}
	if c.engine == engine.PSync {
		j.IODepth, j.NumJobs = 1, c.depth
	}
	if length == 0 {
		j.Size = blockSize
	}
	return j
}

// fioArgs is the same cell for fio: the same options, and like package bench
// one latency for each I/O, from submission to completion.
func (c cell) fioArgs(path string, size units.Bytes, length time.Duration) []string {
	j := c.job(length)
	args := []string{
		"--name=peers", "--filename=" + path, "--allow_file_create=0",
		"--rw=" + c.rw.String(), "--ioengine=" + c.engine.String(), "--direct=1",
		"--bs=" + strconv.FormatUint(uint64(blockSize), 10),
		"--iodepth=" + strconv.Itoa(j.IODepth), "--numjobs=" + strconv.Itoa(j.NumJobs),
		"--iodepth_batch=1", "--iodepth_batch_complete_min=1", "--iodepth_batch_complete_max=1",
		"--thread=1", "--group_reporting=1", "--randseed=1",
		"--disable_slat=1", "--disable_clat=1", "--clat_percentiles=0", "--lat_percentiles=1",
		"--percentile_list=" + percentileList(), "--output-format=json+", "--eta=never",
	}
	if length == 0 {
		return append(args, "--size="+strconv.FormatUint(uint64(blockSize), 10))
	}
	return append(args, "--size="+strconv.FormatUint(uint64(size), 10),
		"--time_based=1", fmt.Sprintf("--runtime=%dms", length.Milliseconds()))
}
