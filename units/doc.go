// Package units has the quantities that every other package counts in:
// [Sectors] of 512 bytes, as the kernel's block layer counts, and [Bytes].
//
// Conversion between them is explicit and checked, and where it rounds, the
// method's name says in which direction. [ParseBytes] and [ParseSize] read
// what people type; String prints what they read.
//
// The package has no effects and compiles everywhere.
package units
