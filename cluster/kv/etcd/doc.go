// Package etcd is a cluster's store for many nodes: etcd v3, through its own client.
//
// Reads are linearizable, and tried again while the store has no leader, as long as a request may take. So are transactions that
// only read. One that changes something is sent once: it is only sent again where a member refused it because it knows no leader,
// so that nobody has it. Where it is not known whether it was done, the error is [kv.ErrUnreachable].
//
// Each Get, List and Txn is one request and one reply, a List of 10,000 keys as well.
//
// A lease lasts at least two seconds with etcd's default settings (one and a half of its elections), also where one was asked for.
// The members' leader counts its time with a clock that is never set; a new leader begins all leases anew.
//
// A watch bridges lost connections, elections and times without a leader: it goes on with the revision after the last one told, or ends
// with [kv.ErrCompacted]. So it is not what tells that the store is down.
package etcd
