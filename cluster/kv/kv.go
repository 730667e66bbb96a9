package kv

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

var (
	// ErrUnreachable says that the store did not answer, or has no leader. Whether a
	// transaction was done is not known then.
	ErrUnreachable = errors.New("cluster store cannot be reached")
	// ErrDenied says that the store wants other credentials.
	ErrDenied = errors.New("cluster store denies access")
	// ErrTooLarge says that a transaction or value is larger than the store takes.
	ErrTooLarge = errors.New("too large for the cluster store")
	// ErrLeaseLost says that a lease ran out or was revoked.
	ErrLeaseLost = errors.New("lease lost")
	// ErrCompacted says that changes from a revision on are known no more: list again.
	ErrCompacted = errors.New("revision was compacted")
	// ErrInvalid says that a key, transaction or lease is none that a store takes.
	ErrInvalid = errors.New("not valid in the cluster store")
	// ErrDamaged says that what the store has is damaged.
	ErrDamaged = errors.New("cluster store is damaged")
)

// Error is a store's failure. Err matches one of this package's where one fits.
type Error struct {
	Op   string // "get", "list", "txn", "watch", "lease"
	Key  string // or the prefix; "" for a transaction
	Addr string // of the store, without credentials
	Err  error
}

func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("cluster store %s: %s: %v", e.Addr, e.Op, e.Err)
	}
	return fmt.Sprintf("cluster store %s: %s %s: %v", e.Addr, e.Op, e.Key, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Entry is a key and what it has. Where there is no such key, all but Key is zero.
type Entry struct {
	Key      string
	Value    []byte
	Created  int64   // revision of the transaction that made it
	Modified int64   // revision of the last that put it; 0: there is no such key
	Lease    LeaseID // that it lasts with, or 0
}

// Snapshot is entries as they were at one revision.
type Snapshot struct {
	Entries  []Entry // in the order of their keys
	Revision int64   // of the store
}

// LeaseID names a lease. It is never 0.
type LeaseID int64

// Compare is a condition: that a key's Modified is what it says, 0 for a key that is
// not there.
type Compare struct {
	Key      string
	Modified int64
}

// Op is a change or a reading, in a transaction.
type Op struct {
	Kind  OpKind
	Key   string // for OpList a prefix
	Value []byte // of OpPut
	Lease LeaseID
}

// OpKind is what an [Op] does.
type OpKind uint8

// The kinds.
const (
	OpPut OpKind = iota + 1
	OpDelete
	OpGet
	OpList
)

// Put, Delete, Get and List make an [Op].
func Put(key string, value []byte) Op { return Op{Kind: OpPut, Key: key, Value: value} }

// PutLeased is Put, of a key that is deleted when the lease ends.
func PutLeased(key string, value []byte, lease LeaseID) Op {
	return Op{Kind: OpPut, Key: key, Value: value, Lease: lease}
}

// Delete removes a key, which may be missing.
func Delete(key string) Op { return Op{Kind: OpDelete, Key: key} }

// Get reads a key.
func Get(key string) Op { return Op{Kind: OpGet, Key: key} }

// List reads all keys that begin with prefix.
func List(prefix string) Op { return Op{Kind: OpList, Key: prefix} }

// Txn is done whole or not at all: where all compares hold, Then, otherwise Else. No key
// is put or deleted twice in one branch. Where it puts a key with a lease that has ended,
// nothing is done ([ErrLeaseLost]).
type Txn struct {
	If   []Compare
	Then []Op
	Else []Op
}

// Result is a transaction's.
type Result struct {
	Succeeded bool // the compares held
	Revision  int64
	// Read has the entries that each Get (one entry, missing or not) and List of the branch that
	// was done found, in the order of the ops; nil at the place of a Put or Delete. They are as before
	// the transaction's changes, which the ops of one may not depend on.
	Read [][]Entry
}

// Event is a change that a watch saw.
type Event struct {
	Entry    // as it is now; of a deleted key Modified is the deletion's revision and Value nil
	Deleted  bool
	Previous []byte // value before, where the store tells
}

// Store is a cluster's key-value store. It is for many goroutines at once.
type Store interface {
	// Address is where it is, without credentials.
	Address() string
	// Get reads one key. A missing one is no error: its Modified is 0.
	Get(ctx context.Context, key string) (Entry, error)
	// List reads all keys that begin with prefix, at one revision.
	List(ctx context.Context, prefix string) (Snapshot, error)
	// Txn does a transaction. It is not tried again where its outcome is not known.
	Txn(ctx context.Context, txn Txn) (Result, error)
	// Watch tells of all changes of keys that begin with prefix, from the revision after the
	// given one on, in order, a transaction's together, until ctx ends (which is no error) or an
	// error, which is the last that comes: [ErrCompacted], [ErrUnreachable].
	Watch(ctx context.Context, prefix string, after int64) iter.Seq2[[]Event, error]
	// Grant makes a lease that lasts for ttl, whole seconds, from each renewal on. The keys that were
	// put with it are deleted when it ends.
	Grant(ctx context.Context, ttl time.Duration) (LeaseID, error)
	// Renew begins a lease's time anew; errors match [ErrLeaseLost].
	Renew(ctx context.Context, lease LeaseID) error
	// Revoke ends a lease. One that has ended is no error.
	Revoke(ctx context.Context, lease LeaseID) error
	// Close ends what is held open.
	Close() error
}
