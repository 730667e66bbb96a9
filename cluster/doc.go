// Package cluster is the configuration, the members, the master and the rolling
// upgrade of a cluster, over a [kv.Store].
//
// All that the store has of a cluster is a [State], read at one revision by
// [Cluster.Read]. A plan is a pure function from a State to a [Change], which
// [Cluster.Change] writes in one transaction that is guarded by the revision of the
// configuration and of the members, and by the master's lease where that matters. Where
// somebody else was faster, the plan is made again of what is there now: whatever a plan
// refuses is refused in the transaction.
//
// A [Variable] has a type, a range and a default. What is set is known to the cluster;
// what concerns daemons is published by an apply, and each host notes what it works with
// in [Applied], a file that local commands read, so that nothing local needs the store.
//
// The master is a key with a lease. Only a capable member whose code knows the schema
// can hold it, and two never do.
package cluster
