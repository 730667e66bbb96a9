// Package cli is the frame that the commands of rok and rok-cluster stand in:
// exit codes, usage errors that name the nearest flag, help with an example,
// tables and JSON, and progress of long work.
//
// A [Program] runs a tree of cobra commands, whose groups [Group] makes. A
// command is a function from flags to one call of the library, returns its
// error, and prints its result with a [Table] or [JSON]; what the error means
// to the shell is decided by [CodeOf] alone.
//
// The package reads no environment and has no state. It is no part of the
// library.
package cli
