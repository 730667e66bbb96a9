package main

import (
	"strconv"
	"strings"

	"github.com/rok-storage/rok/bench/stat"
)

// percentiles are compared between rok and fio.
var percentiles = [...]float64{50, 90, 99}

func percentileList() string {
	var list []string
	for _, p := range percentiles {
		list = append(list, strconv.FormatFloat(p, 'f', -1, 64))
	}
	return strings.Join(list, ":")
}

// bucketError is by how much the middles of two buckets may differ beyond what
// was put in: half a bucket each, and a bucket is at most 1/64 of its value
// (FIO_IO_U_PLAT_BITS is 6).
const bucketError = 1.0 / 64

// agree reports whether latencies whose ratio has the given interval agree. At
// the same rate they are equal. A contender that does more I/Os per second
// with a full queue has latencies that are shorter by as much (Little's law),
// and one whose time is spent beside the I/O has the same: the interval must
// touch the range between the two, widened by the histogram's error.
func agree(latency stat.Interval, rate float64) bool {
	low, high := min(1, 1/rate)/(1+bucketError), max(1, 1/rate)*(1+bucketError)
	return latency.Low <= high && latency.High >= low
}
