// Package bolt is a cluster's store for one node: a file, with go.etcd.io/bbolt. Nothing is to be
// installed or started.
//
// The file is opened for each transaction, locked meanwhile, and never held: commands and the agent work
// side by side. Readers do not wait for one another. A lock that is not had in time is
// [kv.ErrUnreachable], with the processes that have it. A process that is killed leaves the last whole transaction.
//
// A file that is not there is an empty store, at revision 0; the first change makes it, whole or not at all, with mode
// 0600. The file is for one machine: flock and the leases' clock do not reach over a network.
//
// # Leases
//
// Leases end by the kernel's clock since the machine's start (CLOCK_BOOTTIME) and by the id of that start. So
// setting the wall clock, forwards or back, makes no lease shorter or longer; the time of a suspended machine counts;
// a restart of the machine ends all leases, as it ended all who held one. One that has ended is not seen by any reader from that
// moment on; the change that it makes, with a revision, is written by whoever changes the store next, or by a [Store.Watch].
//
// # Damage
//
// The pages are checked before bbolt follows them, in each transaction: their places, kinds, lengths and order, and
// that none is used twice or free as well. Each record has a checksum. What is wrong is [kv.ErrDamaged]. Of the two pages
// that name the last transaction, one that is damaged is taken for a write that was cut off, as after a power cut: the store is then
// the one before that transaction.
//
// # Watch
//
// The changes of the last revisions are kept, at most 1,000 and 8 MiB: older ones are
// [kv.ErrCompacted]. A watch waits with inotify, and looks every ten seconds besides, or every second where there is
// no inotify.
package bolt
