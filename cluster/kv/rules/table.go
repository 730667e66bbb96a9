package rules

import "github.com/rok-storage/rok/cluster/kv"

// Table is the records of a store. Its errors come back from every function here, as they are.
// What was set before an error is to be thrown away.
type Table interface {
	// Revision is that of the last change; 0 in a new store.
	Revision() (int64, error)
	SetRevision(revision int64) error

	// Entry reads one key; Modified is 0 where it is not there.
	Entry(key string) (kv.Entry, error)
	// Entries are all that begin with prefix, in the order of their keys.
	Entries(prefix string) ([]kv.Entry, error)
	SetEntry(entry kv.Entry) error
	DropEntry(key string) error

	// Lease reads one; its ID is 0 where it is not there.
	Lease(id kv.LeaseID) (Lease, error)
	Leases() ([]Lease, error)
	SetLease(lease Lease) error
	DropLease(id kv.LeaseID) error

	// AddEvents is told what a revision changed.
	AddEvents(revision int64, events []kv.Event) error
}
