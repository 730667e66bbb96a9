// Package kv is the key-value store of a cluster: five methods, shaped like etcd's, and
// an embedded one for a single node.
//
// Keys are non-empty valid UTF-8. Every change gives the store a new revision, one
// more than the last; a transaction's changes share one. A transaction that changes nothing
// (it deletes what is not there, or only reads) leaves the revision as it is. The end of a lease is a
// change like any other.
//
// All stores have the same limits ([Txn.Check]), and pass one suite (kvtest.Test):
// kvtest.Memory for tests, [Store] over a file in package bolt, and over etcd in package etcd.
//
// A lease tells who may act only until its end, and whoever holds it may learn of the end late. What must not be
// done by two is guarded by a compare in the transaction that does it, on the key that was put with the lease.
package kv
