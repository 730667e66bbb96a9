// Package storetest has a bucket in memory, buckets that fail, and the suites that
// every bucket and every store passes.
package storetest
