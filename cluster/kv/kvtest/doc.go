// Package kvtest has a cluster store in memory, one that fails where it is told to, and the suite
// that every store passes.
package kvtest
