// Package hist counts latencies in fio's buckets, so that results merge with
// fio's and percentiles agree with it bucket for bucket.
//
// A [Histogram] is log-linear with six significant bits: values up to 127 ns
// have a bucket each, above that every power of two is cut into 64 equal
// buckets. A percentile is therefore off by at most 1/128 of its value. This
// is the layout of struct thread_stat in fio's stat.h (FIO_IO_U_PLAT_BITS 6,
// FIO_IO_U_PLAT_GROUP_NR 29).
//
// Recording allocates nothing and takes a few nanoseconds. A Histogram is not
// safe for concurrent use: give each thread its own and [Histogram.Merge] them.
package hist
