// Package rules is what a store without a server does with transactions, leases and their
// ends, over a [Table] that keeps the records. It has no clock and no lock: whoever calls it says what
// time it is, and lets nobody else change the table meanwhile.
package rules
